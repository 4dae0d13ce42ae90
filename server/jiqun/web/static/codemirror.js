// The only door to CodeMirror: another build of it changes this file and nothing else.
export {
  basicSetup,
  Decoration,
  EditorState,
  EditorView,
  hoverTooltip,
  keymap,
  Prec,
  showTooltip,
  StateEffect,
  StateField,
  ViewPlugin,
} from "./codemirror-index.js";

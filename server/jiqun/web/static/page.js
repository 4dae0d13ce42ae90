// Conveniences only: every page works without this file.
"use strict";

// Ctrl+Enter (or Cmd+Enter) runs the query.
for (const text of document.querySelectorAll("form.ask textarea")) {
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      text.form.requestSubmit();
    }
  });
}

// A button that copies a checksum.
if (navigator.clipboard) {
  const { copy, copied } = document.body.dataset;
  for (const code of document.querySelectorAll("[data-copyable]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = copy;
    button.setAttribute("aria-label", `${copy} ${code.textContent}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = copied;
    });
    code.after(" ", button);
  }
}

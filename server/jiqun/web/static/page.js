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

// What an address leads to is shown even where it is folded: older browsers leave it closed.
const reveal = () => {
  const target = document.getElementById(location.hash.slice(1));
  const folds = [];
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    if (!fold.open) folds.push(fold);
  }
  for (const fold of folds) fold.open = true;
  if (folds.length) target.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();

// On paper the words of every statement are shown, where they are not already beside it.
const unfolded = [];
addEventListener("beforeprint", () => {
  for (const proof of document.querySelectorAll("details.proof:not([open]), :is(.answer > .fold, .compared, .compared .fold):not([open])")) {
    if (proof.closest(".sentence, table") || proof.parentElement.querySelector(":scope > q")) continue;
    proof.open = true;
    unfolded.push(proof);
  }
});
addEventListener("afterprint", () => {
  for (const proof of unfolded.splice(0)) proof.open = false;
});

// A button that copies a checksum.
if (navigator.clipboard) {
  const { copy, copied, copyTable } = document.body.dataset;
  for (const [number, code] of document.querySelectorAll("[data-copyable]").entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = copy;
    code.id ||= `copyable-${number}`;
    button.setAttribute("aria-describedby", code.id);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = copied;
    });
    code.after(" ", button);
  }

  // A button that copies a table, for a spreadsheet.
  for (const table of document.querySelectorAll("[data-table]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = copyTable;
    button.addEventListener("click", async () => {
      const lines = [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " ")).join("\t"));
      await navigator.clipboard.writeText(lines.join("\n"));
      button.textContent = copied;
    });
    table.parentElement.before(button);
  }
}

// Names from the search while typing; without this, the list of the page stays as it is.
for (const field of document.querySelectorAll("input[data-suggest]")) {
  let waiting = 0;
  let latest = "";
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    latest = field.value.trim();
    if (latest.length < 1) return;
    waiting = setTimeout(async () => {
      const asked = latest;
      const address = new URL(field.dataset.suggest, location);
      address.searchParams.set("q", asked);
      const response = await fetch(address).catch(() => null);
      if (!response?.ok || asked !== latest) return;
      const { results } = await response.json();
      field.list.replaceChildren(
        ...results.slice(0, 10).map(({ name, types }) => {
          const option = document.createElement("option");
          option.value = name;
          // A browser only offers what contains the letters typed, such as pinyin.
          option.label = [asked, name, types[0]?.name].filter(Boolean).join(" · ");
          return option;
        }),
      );
    }, 150);
  });
}

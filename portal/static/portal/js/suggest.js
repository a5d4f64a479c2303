// Codes as one types, under the search box of the header: a combobox as the ARIA authoring practices describe.

const WAIT = 120; // milliseconds without a key before the server is asked
const boxes = new WeakMap();

export function attach(input) {
  if (boxes.has(input)) return;
  const form = input.form;
  const list = document.createElement("ul");
  list.id = `${input.id}-options`;
  list.className = "suggestions";
  list.role = "listbox";
  list.hidden = true;
  list.setAttribute("aria-label", input.getAttribute("aria-label"));
  form.append(list);
  input.role = "combobox";
  input.autocomplete = "off";
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  boxes.set(input, list);

  let asked; // the request under way
  let timer;
  let current = -1;

  const options = () => [...list.children];
  const close = () => {
    list.hidden = true;
    current = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    const all = options();
    all[current]?.setAttribute("aria-selected", "false");
    current = index;
    const one = all[current];
    if (!one) return input.removeAttribute("aria-activedescendant");
    one.setAttribute("aria-selected", "true");
    one.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", one.id);
  };
  const address = (result) => `${form.getAttribute("action")}${result.system}/${encodeURIComponent(result.code)}/`;

  const show = (results) => {
    list.replaceChildren(
      ...results.map((result, index) => {
        const item = document.createElement("li");
        item.role = "option";
        item.id = `${list.id}-${index}`;
        item.setAttribute("aria-selected", "false");
        item.dataset.address = address(result);
        const chip = document.createElement("span");
        chip.className = `chip tab-${result.system}`;
        chip.textContent = result.code;
        const title = document.createElement("span");
        title.textContent = result.title;
        const reason = document.createElement("small");
        reason.className = "muted";
        reason.textContent = result.reason;
        item.append(chip, title, reason);
        return item;
      }),
    );
    current = -1;
    list.hidden = !results.length;
    input.setAttribute("aria-expanded", String(results.length > 0));
    input.removeAttribute("aria-activedescendant");
  };

  const ask = async () => {
    asked?.abort();
    const query = input.value.trim();
    if (query.length < 2) return close();
    asked = new AbortController();
    const parameters = new URLSearchParams({ q: query, system: "all", limit: "4", typing: "1" });
    try {
      const response = await fetch(`${input.dataset.suggest}?${parameters}`, { signal: asked.signal });
      if (response.ok && document.activeElement === input) show((await response.json()).results);
    } catch {
      // a newer key, or no network: the form still works
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    const number = options().length;
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault(); // or the browser empties the box
      event.stopPropagation();
      close();
    } else if (list.hidden || !number) {
      if (event.key === "ArrowDown") ask();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      mark(current + 1 < number ? current + 1 : -1);
    } else if (event.key === "ArrowUp") {
      event.preventDefault();
      mark(current < 0 ? number - 1 : current - 1);
    } else if (event.key === "Enter" && current >= 0) {
      event.preventDefault();
      location.assign(options()[current].dataset.address);
    }
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[role=option]");
    if (item) location.assign(item.dataset.address);
  });
  input.addEventListener("blur", close);
  if (input.value) ask(); // typed while this file was on its way
}

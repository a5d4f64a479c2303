// What every page has: each part finds its elements by data attributes and does nothing without them.

// --- theme: a cookie, so that the server sends the right one and nothing flashes -------------------------
const forced = document.cookie.match(/(?:^|; )theme=(light|dark)/)?.[1];
if (forced) document.documentElement.dataset.theme = forced; // the admin's pages do not send it
const choice = document.querySelector("[data-theme-choice]");
if (choice) {
  const buttons = [...choice.querySelectorAll("button")];
  const show = () => {
    const now = document.documentElement.dataset.theme ?? "";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === now));
  };
  choice.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.value) document.documentElement.dataset.theme = button.value;
    else delete document.documentElement.dataset.theme;
    const age = button.value ? 31536000 : 0;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${button.value}; path=/; max-age=${age}; samesite=lax${secure}`;
    show();
  });
  show();
  choice.hidden = false;
}

// --- messages: said by the server, or here when it cannot be reached -------------------------------------
const messages = document.querySelector("[data-messages]");

function say(text) {
  if (!messages) return;
  const item = document.createElement("li");
  item.className = "notice notice-danger";
  const words = document.createElement("p");
  words.textContent = text;
  item.append(words);
  messages.hidden = false;
  messages.replaceChildren(item);
  messages.scrollIntoView({ block: "nearest" });
}
document.addEventListener("htmx:sendError", () => say(messages?.dataset.unreachable));
document.addEventListener("htmx:responseError", () => say(messages?.dataset.failed));
document.addEventListener("allauth.error", () => say(messages?.dataset.passkey));

// --- menus: a click outside or Escape closes them ------------------------------------------------------
const openMenus = () => document.querySelectorAll("[data-menu][open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

// --- the outline: beside the text it is never folded, so its state must not say so -----------------------
for (const fold of document.querySelectorAll(".outline-fold")) {
  if (matchMedia("(width >= 60rem)").matches) fold.open = true;
}

// --- the code panel: a chip's link opens its entry beside the text --------------------------------------
const panel = document.getElementById("code-panel");
let opener = null;

function closePanel() {
  panel.close();
}

async function openPanel(link) {
  if (!panel.contains(link)) opener = link;
  const body = panel.querySelector(".code-panel-body");
  panel.querySelector(".code-panel-page").href = link.href;
  panel.setAttribute("aria-label", link.dataset.system ? `${link.dataset.system} ${link.textContent}` : link.textContent);
  try {
    const response = await fetch(link.dataset.panel, { headers: { "HX-Request": "true" } });
    if (!response.ok) throw new Error(String(response.status));
    body.innerHTML = await response.text();
    window.htmx?.process(body);
  } catch {
    body.textContent = panel.dataset.failed;
  }
  if (!panel.open) {
    // beside the text where there is room for both, over it where there is not
    if (matchMedia("(width >= 60rem)").matches) panel.show();
    else panel.showModal();
    opener?.setAttribute("aria-expanded", "true");
  }
  panel.scrollTop = 0;
  body.focus();
}

if (panel) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-panel]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    document.querySelector("a[data-panel][aria-expanded]")?.removeAttribute("aria-expanded");
    openPanel(link);
  });
  panel.querySelector("[data-close]").addEventListener("click", closePanel);
  panel.addEventListener("close", () => {
    opener?.removeAttribute("aria-expanded");
    opener?.focus();
    opener = null;
  });
}

// --- keys: / looks up a code, ? shows the page's own keys, Escape closes ---------------------------------
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    if (panel?.open) closePanel();
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
  if (event.key === "/") {
    const boxes = ["main [data-search-box]", "[data-search-box]"].flatMap((one) => [...document.querySelectorAll(one)]);
    const box = boxes.find((one) => one.checkVisibility());
    if (!box) return;
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "?") {
    const help = document.querySelector("dialog[data-keys]");
    if (help && !help.open) help.showModal();
  }
});
for (const button of document.querySelectorAll("dialog[data-keys] [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

// --- the search box: codes as one types, loaded when it is first entered -----------------------------------
for (const box of document.querySelectorAll("input[data-suggest]")) {
  box.addEventListener("focus", async () => (await import(box.dataset.module)).attach(box), { once: true });
}

// --- time zone: the browser's own, while nobody has chosen one -------------------------------------------
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const select of document.querySelectorAll("select[data-guess-zone]")) {
  const untouched = !select.value || select.value === "UTC";
  if (untouched && [...select.options].some((option) => option.value === zone)) select.value = zone;
}

// --- unsaved text: leaving a changed form asks first -----------------------------------------------------
const guarded = new Set();
for (const form of document.querySelectorAll("form[data-guard]")) {
  form.addEventListener("input", () => guarded.add(form));
  form.addEventListener("submit", () => guarded.delete(form));
}
addEventListener("beforeunload", (event) => {
  if (guarded.size) event.preventDefault();
});

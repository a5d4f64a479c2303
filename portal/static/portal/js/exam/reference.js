// The books beside the questions. What is opened in them is told to the server as what is looked up is.

let opener = null;
const earlier = []; // what was shown before an entry was opened

export async function open(pane, position) {
  const body = pane.querySelector("[data-reference-body]");
  if (!pane.dataset.loaded && !(await load(pane, body))) return;
  for (const input of pane.querySelectorAll("[data-reference-position]")) input.value = position;
  if (!pane.open) {
    opener = document.activeElement;
    // beside the question where there is room for both, over it where there is not
    if (matchMedia("(width >= 60rem)").matches) pane.show();
    else pane.showModal();
  }
  const box = pane.querySelector("[name=q]");
  box?.focus();
  box?.select();
}

async function load(pane, body) {
  try {
    const response = await fetch(pane.dataset.url, { headers: { "HX-Request": "true" } });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    body.innerHTML = await response.text();
    window.htmx?.process(body);
  } catch {
    body.textContent = body.dataset.failed;
    pane.show();
    return false;
  }
  pane.dataset.loaded = "";
  const back = pane.querySelector("[data-back-reference]");
  const found = () => pane.querySelector("#reference-found");

  pane.querySelector("[data-close-reference]").addEventListener("click", () => pane.close());
  pane.addEventListener("close", () => opener?.focus());
  pane.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.target.value) pane.close();
  });
  back.addEventListener("click", () => {
    found().innerHTML = earlier.pop() ?? "";
    window.htmx?.process(found());
    back.hidden = !earlier.length;
    body.scrollTop = 0;
  });
  body.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.shouldSwap) return;
    if (event.detail.requestConfig.parameters.code) earlier.push(found().innerHTML);
    else earlier.length = 0;
    back.hidden = !earlier.length;
  });
  body.addEventListener("htmx:afterSwap", () => pane.scrollTo({ top: 0 }));
  // a code inside an entry: opened here and noted, not in the panel of other pages
  pane.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest("a[data-panel]");
      const [, system, code] = link?.pathname.match(/\/codes\/([a-z0-9]+)\/([^/]+)\/$/) ?? [];
      if (!code || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const position = pane.querySelector("[data-reference-position]").value;
      const values = { code: `${system} ${decodeURIComponent(code)}`, position };
      window.htmx.ajax("POST", pane.dataset.url, { target: "#reference-found", source: found(), values });
    },
    { capture: true },
  );
  return true;
}

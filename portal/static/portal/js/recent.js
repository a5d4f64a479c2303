// The codes looked at last: kept in this browser only, never sent.
const KEY = "crosswalk.recent-codes";
const MOST = 20;

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(kept) ? kept.filter((one) => typeof one?.url === "string").slice(0, MOST) : [];
  } catch {
    return []; // storage is switched off, or somebody else wrote there
  }
}

function write(codes) {
  try {
    localStorage.setItem(KEY, JSON.stringify(codes));
  } catch {
    // full or switched off: then nothing is kept
  }
}

// what is kept came from this site, but anybody at this browser can change it
const isOurs = (one, base) =>
  one.url.startsWith(base) && !one.url.includes("//") && /^[a-z0-9]+$/.test(one.system);

function line(one) {
  const item = document.createElement("li");
  const chip = document.createElement("a");
  chip.className = `chip tab-${one.system}`;
  chip.href = one.url;
  chip.dataset.panel = `${one.url}panel/`;
  chip.textContent = String(one.code ?? "");
  const title = document.createElement("span");
  title.textContent = String(one.title ?? "");
  item.append(chip, title);
  return item;
}

const page = document.querySelector("[data-visited]");
if (page) {
  const { visited: url, system, code, title } = page.dataset;
  write([{ url, system, code, title }, ...read().filter((one) => one.url !== url)].slice(0, MOST));
}

for (const part of document.querySelectorAll("[data-recent]")) {
  const codes = read().filter((one) => isOurs(one, part.dataset.base));
  part.querySelector("ul").replaceChildren(...codes.map(line));
  part.hidden = !codes.length;
  part.querySelector("[data-recent-clear]").addEventListener("click", () => {
    write([]);
    part.hidden = true;
    document.getElementById("main")?.focus();
  });
}

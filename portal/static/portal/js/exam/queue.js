// What was answered waits in localStorage, one entry each, until the server has acknowledged it. An entry keeps
// the tab and the number it was made with, so sending it twice is harmless and tabs cannot overwrite each other.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30000;

export async function openQueue(root, { say, part, acknowledged, refused }) {
  const prefix = `crosswalk.q.${root.dataset.attempt}.`;
  const tab = await tabId();
  const spare = new Map(); // where this browser keeps nothing
  const made = new Map(); // what this page queued itself, and when
  let token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  let seq = Number(root.dataset.seq);
  let wait = FIRST_WAIT;
  let timer = 0;
  let sending = null;
  let closed = false;
  let refusal = null;

  function waiting() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    const entries = [...spare, ...keys.map((key) => [key, localStorage.getItem(key)])]
      .filter(([, text]) => text) // another tab may have had it acknowledged meanwhile
      .map(([key, text]) => [key, JSON.parse(text)]);
    for (const [, entry] of entries) seq = Math.max(seq, entry.seq ?? 0);
    return entries.sort(([, a], [, b]) => (a.seq ?? 0) - (b.seq ?? 0));
  }

  function drop(key, text) {
    // a mark may have been changed while it was on its way: then the newer one stays
    if (localStorage.getItem(key) === text) localStorage.removeItem(key);
    if (spare.get(key) === text) spare.delete(key);
  }

  function keep(name, entry) {
    const text = JSON.stringify(entry);
    try {
      localStorage.setItem(prefix + name, text);
    } catch {
      spare.set(prefix + name, text); // full or switched off: what is not sent dies with the page
      problem(say("full"));
    }
    part("saved").textContent = say("saving");
    flush();
  }

  function answer(position, fields) {
    waiting(); // another tab of this browser may have gone further
    seq += 1;
    made.set(`${prefix}${tab}.${seq}`, performance.now());
    keep(`${tab}.${seq}`, { position, client_id: tab, seq, answer: fields });
  }

  const mark = (position, what) =>
    keep(`${tab}.mark-${position}-${Object.keys(what)[0]}`, { position, ...what });

  function flush() {
    clearTimeout(timer);
    sending ??= sendAll().finally(() => (sending = null));
    return sending;
  }

  async function sendAll() {
    for (let queue = waiting(); queue.length && !closed; queue = waiting()) {
      const [key, entry] = queue[0];
      if (!(await send(key, entry))) {
        told(waiting().length);
        timer = setTimeout(flush, wait * (0.75 + Math.random() / 2));
        wait = Math.min(LONGEST_WAIT, wait * 2);
        return false;
      }
      wait = FIRST_WAIT;
    }
    if (refusal) return leave();
    told(0);
    return true;
  }

  async function send(key, entry) {
    const text = JSON.stringify(entry);
    let response = await post(root.dataset.answerUrl, text);
    if (response?.status === 403 && (await renewToken())) response = await post(root.dataset.answerUrl, text);
    if (!response) return false;
    if (response.type === "opaqueredirect") return problem(say("login"));
    if (response.status === 429) {
      wait = 1000 * (Number(response.headers.get("Retry-After")) || 10);
      const told = await response.json().catch(() => ({}));
      return told.waits ? problem(told.waits) : false;
    }
    if (response.status >= 500) return false;
    if (response.status === 403 || response.status === 404) return problem(say("failed"));
    const said = await response.json().catch(() => ({}));
    if (said.waits) {
      wait = LONGEST_WAIT;
      return problem(said.waits);
    }
    drop(key, text);
    const age = performance.now() - (made.get(key) ?? -Infinity);
    made.delete(key);
    if (response.ok) {
      seq = Math.max(seq, said.seq ?? 0);
      acknowledged(entry, said, age);
    } else if (said.closed) refusal = said;
    else if (said.errors?.answer) refused(entry, said.errors.answer[0]);
    else problem(say("failed"));
    return true;
  }

  // undefined: the server cannot be reached
  async function post(url, body) {
    try {
      return await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token, "HX-Request": "true" },
        body,
        redirect: "manual",
        keepalive: body.length < 60000, // a tab that is closed now still sends what was chosen a moment ago
        signal: AbortSignal.timeout(15000),
      });
    } catch {
      return undefined;
    }
  }

  // Whoever signed in again in another tab has a new token: the page knows it, this one does not.
  async function renewToken() {
    try {
      const page = await fetch(location.pathname, { redirect: "manual" });
      const parsed = new DOMParser().parseFromString(await page.text(), "text/html");
      const found = parsed.querySelector("[data-exam] [name=csrfmiddlewaretoken]")?.value;
      if (!found) return false;
      token = found;
      for (const input of document.querySelectorAll("[name=csrfmiddlewaretoken]")) input.value = token;
      return true;
    } catch {
      return false;
    }
  }

  function problem(text) {
    const notice = part("offline");
    notice.hidden = false;
    notice.dataset.problem = "";
    notice.querySelector("p").textContent = text;
    return false;
  }

  function told(count) {
    const notice = part("offline");
    if (count && !("problem" in notice.dataset)) {
      notice.querySelector("p").textContent = `${say("offline")} ${count}`;
      part("saved").textContent = "";
    }
    if (!count) delete notice.dataset.problem;
    notice.hidden = !count;
  }

  function leave() {
    closed = true;
    problem(refusal.closed);
    location.assign(refusal.url);
    return false;
  }

  addEventListener("online", () => {
    wait = FIRST_WAIT;
    delete part("offline").dataset.problem;
    flush();
  });
  addEventListener("pageshow", (event) => event.persisted && flush());
  addEventListener("beforeunload", (event) => {
    if (!closed && waiting().length) event.preventDefault();
  });

  return {
    tab,
    answer,
    mark,
    flush,
    post,
    waiting: () => waiting().map(([, entry]) => entry),
    isClosed: () => closed,
    close: () => (closed = true),
  };
}

// This tab's name. A duplicated tab inherits the storage of its origin, so a lock tells which of them may
// keep the name; two tabs under one name could each lose an answer to the other.
async function tabId() {
  const place = "crosswalk.tab";
  const hold = (name) =>
    new Promise((resolve) => {
      if (!navigator.locks) return resolve(true);
      navigator.locks.request(`crosswalk.tab.${name}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock ? new Promise(() => {}) : undefined;
      });
    });
  let name = sessionStorage.getItem(place);
  if (!name || !(await hold(name))) {
    name = [...crypto.getRandomValues(new Uint8Array(8))].map((one) => one.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem(place, name);
    await hold(name);
  }
  return name;
}

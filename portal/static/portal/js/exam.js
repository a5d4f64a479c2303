// The exam room: one question at a time, every choice saved at once, nothing lost when the network is.
//
// What was chosen waits in localStorage, one entry each, until the server has acknowledged it. An entry keeps
// the tab and the number it was made with, so sending it twice is harmless and tabs cannot overwrite each other.

const THRESHOLDS = [30, 15, 5, 1]; // minutes left that are spoken
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30000;
const FRESH = 10000; // a choice this young is what the person wants now, whatever another tab said before

const root = document.querySelector("[data-exam]");
if (root) openRoom(root);

async function openRoom(root) {
  const say = (name) => root.dataset[`say${name[0].toUpperCase()}${name.slice(1)}`];
  const part = (name) => root.querySelector(`[data-${name}]`);
  const forms = [...root.querySelectorAll("[data-question]")];
  const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  const cells = new Map([...document.querySelectorAll("[data-cell]")].map((one) => [one.dataset.cell, one]));
  let current = 0;

  // --- one question at a time --------------------------------------------------------------------------
  for (const one of root.querySelectorAll("[data-without-script]")) one.hidden = true;
  for (const name of ["previous", "next"]) part(name).hidden = false;
  for (const form of forms) form.querySelector("legend").classList.add("visually-hidden"); // the bar says it

  function show(index, { focus = true } = {}) {
    current = Math.max(0, Math.min(forms.length - 1, index));
    forms.forEach((form, place) => (form.hidden = place !== current));
    const form = forms[current];
    for (const [position, cell] of cells) {
      if (position === form.dataset.question) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
    }
    part("where").textContent = form.querySelector("legend").textContent;
    part("previous").disabled = current === 0;
    part("next").disabled = current === forms.length - 1;
    if (focus) {
      history.replaceState(null, "", `#${form.id}`);
      form.focus();
    }
  }

  const indexOf = (hash) => forms.findIndex((form) => `#${form.id}` === hash);
  part("previous").addEventListener("click", () => show(current - 1));
  part("next").addEventListener("click", () => show(current + 1));
  addEventListener("hashchange", () => indexOf(location.hash) >= 0 && show(indexOf(location.hash)));
  for (const cell of cells.values()) {
    cell.addEventListener("click", (event) => {
      event.preventDefault();
      show(indexOf(cell.hash));
    });
  }

  function mark(form) {
    const cell = cells.get(form.dataset.question);
    const answered = "answered" in form.dataset;
    const flagged = "flagged" in form.dataset;
    cell?.classList.toggle("is-answered", answered);
    cell?.classList.toggle("is-flagged", flagged);
    const words = [answered ? say("answered") : say("unanswered"), ...(flagged ? [say("flagged")] : [])];
    if (cell) cell.querySelector(".visually-hidden").textContent = `, ${words.join(", ")}`;
    const flag = form.querySelector("[data-flag]");
    flag.setAttribute("aria-pressed", String(flagged));
    flag.textContent = flagged ? say("unflag") : say("flag");
  }

  // --- the queue ---------------------------------------------------------------------------------------
  const prefix = `crosswalk.q.${root.dataset.attempt}.`;
  const tab = await tabId();
  let seq = Number(root.dataset.seq);
  let wait = FIRST_WAIT;
  let timer = 0;
  let sending = null;
  let closed = false;
  const made = new Map(); // what this page queued itself, and when

  function waiting() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    const entries = keys.map((key) => [key, JSON.parse(localStorage.getItem(key))]);
    for (const [, entry] of entries) seq = Math.max(seq, entry.seq ?? 0);
    return entries.sort(([, a], [, b]) => (a.seq ?? 0) - (b.seq ?? 0));
  }

  function keep(name, entry) {
    localStorage.setItem(prefix + name, JSON.stringify(entry));
    part("saved").textContent = say("saving");
    flush();
  }

  function choose(form, choice) {
    form.dataset.answered = "";
    mark(form);
    seq += 1;
    made.set(`${prefix}${tab}.${seq}`, performance.now());
    keep(`${tab}.${seq}`, { position: Number(form.dataset.question), choice, client_id: tab, seq });
  }

  const note = (form, what) =>
    keep(`${tab}.mark-${form.dataset.question}-${Object.keys(what)[0]}`, {
      position: Number(form.dataset.question),
      ...what,
    });

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
    told(0);
    return true;
  }

  async function send(key, entry) {
    let answer;
    const text = JSON.stringify(entry);
    try {
      answer = await fetch(root.dataset.answerUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: text,
        redirect: "manual",
        keepalive: true, // a tab that is closed now still sends what was chosen a moment ago
        signal: AbortSignal.timeout(15000),
      });
    } catch {
      return false;
    }
    if (answer.type === "opaqueredirect") return problem(say("login"));
    if (answer.status === 409) return shut(await answer.json());
    if (answer.status >= 500 || answer.status === 429) return false;
    if (answer.status === 403) return problem(say("failed"));
    // a mark may have been changed while it was on its way: then the newer one stays in the queue
    if (localStorage.getItem(key) === text) localStorage.removeItem(key);
    if (!answer.ok) {
      problem(say("failed"));
      return true;
    }
    acknowledged(key, entry, await answer.json());
    return true;
  }

  function acknowledged(key, entry, saved) {
    const age = performance.now() - (made.get(key) ?? -Infinity);
    made.delete(key);
    if (saved.seq === undefined) return;
    seq = Math.max(seq, saved.seq);
    endsAt = performance.now() + saved.remaining_s * 1000;
    part("saved").textContent = `${say("saved")} ${saved.saved_at}`;
    part("elsewhere").hidden = !saved.elsewhere;
    // another tab had gone further: what the person chose here just now is still the later choice
    const form = forms.find((one) => one.dataset.question === String(entry.position));
    const chosen = form?.querySelector("input:checked")?.value;
    if (saved.seq > entry.seq && age < FRESH && chosen === String(entry.choice)) choose(form, entry.choice);
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

  function shut(refusal) {
    closed = true;
    for (const [key] of waiting()) localStorage.removeItem(key);
    problem(refusal.closed);
    location.assign(refusal.url);
    return true;
  }

  addEventListener("online", () => {
    wait = FIRST_WAIT;
    flush();
  });
  addEventListener("beforeunload", (event) => {
    if (!closed && waiting().length) event.preventDefault();
  });

  // --- choosing, flagging, striking out ----------------------------------------------------------------
  for (const form of forms) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      if (event.target.name === "choice") choose(form, Number(event.target.value));
    });
    form.querySelector("[data-flag]").addEventListener("click", (event) => {
      event.preventDefault();
      flag(form);
    });
    for (const option of form.querySelectorAll(".option")) addStrike(form, option);
  }

  function flag(form) {
    if ("flagged" in form.dataset) delete form.dataset.flagged;
    else form.dataset.flagged = "";
    mark(form);
    note(form, { flagged: "flagged" in form.dataset });
  }

  function addStrike(form, option) {
    const button = document.createElement("button");
    const letter = document.createElement("span");
    letter.className = "visually-hidden";
    letter.textContent = ` ${option.querySelector(".option-letter").textContent}`;
    button.type = "button";
    button.className = "button button-quiet button-small";
    button.dataset.strike = "";
    const dress = () => {
      const struck = option.classList.contains("is-struck");
      button.setAttribute("aria-pressed", String(struck));
      button.replaceChildren(struck ? say("struck") : say("strike"), letter);
    };
    button.addEventListener("click", () => {
      option.classList.toggle("is-struck");
      dress();
      const struck = [...form.querySelectorAll(".option.is-struck input")].map((one) => Number(one.value));
      note(form, { struck });
    });
    dress();
    option.append(button);
  }

  // --- keys --------------------------------------------------------------------------------------------
  const keys = document.querySelector("dialog[data-keys]");
  part("show-keys").hidden = false;
  part("show-keys").addEventListener("click", () => keys.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog:modal")) return;
    if (event.target.closest("input:not([type=radio]), textarea, select, [contenteditable]")) return;
    const form = forms[current];
    const key = event.key.toLowerCase();
    const option = /^[1-8]$/.test(key) && form.querySelectorAll(".option input")[Number(key) - 1];
    if (option) {
      option.focus();
      option.click();
    }
    else if (key === "n") show(current + 1);
    else if (key === "p") show(current - 1);
    else if (key === "f") flag(form);
    else if (key === "x") event.target.closest(".option")?.querySelector("[data-strike]").click();
    else return;
    event.preventDefault();
  });

  // --- the clock: the server's remaining seconds, counted by a clock that nobody can set -----------------
  let endsAt = performance.now() + Number(root.dataset.remaining) * 1000;
  let spoken = Math.ceil(Number(root.dataset.remaining) / 60) + 1;
  const clock = part("clock");
  const hide = part("hide-clock");

  function tick() {
    const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const text = `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    if (clock.textContent !== text) clock.textContent = text;
    part("bar").classList.toggle("is-low", left <= 300);
    const minutes = THRESHOLDS.filter((one) => left <= one * 60 && one < spoken).at(-1);
    if (minutes && left) {
      spoken = minutes;
      part("speak").textContent = `${say("minutes")} ${minutes}`;
    }
    if (!left && !closed) timeOver();
    else setTimeout(tick, 250);
  }

  async function timeOver() {
    part("speak").textContent = say("over");
    for (const form of forms) form.querySelector("fieldset").disabled = true;
    while (!closed && !(await flush())) await new Promise((resume) => setTimeout(resume, 1000));
    if (closed) return;
    closed = true;
    part("time-over").submit();
  }

  function dressClock() {
    const hidden = sessionStorage.getItem("crosswalk.clock") === "hidden";
    clock.hidden = hidden;
    hide.textContent = hidden ? say("show") : say("hide");
    hide.setAttribute("aria-pressed", String(hidden));
  }
  hide.hidden = false;
  hide.addEventListener("click", () => {
    sessionStorage.setItem("crosswalk.clock", clock.hidden ? "shown" : "hidden");
    dressClock();
  });

  // --- leaving for the last page only with everything saved ----------------------------------------------
  for (const link of document.querySelectorAll("[data-finish]")) {
    link.addEventListener("click", async (event) => {
      if (!waiting().length) return;
      event.preventDefault();
      if (await flush()) location.assign(link.href);
    });
  }

  // chosen while this script was still loading
  for (const input of root.querySelectorAll(".option input")) {
    if (input.checked && !input.defaultChecked) choose(input.form, Number(input.value));
  }
  dressClock();
  show(Math.max(0, indexOf(location.hash)), { focus: Boolean(location.hash) });
  tick();
  flush();
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

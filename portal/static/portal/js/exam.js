// The exam room: one question at a time, every change saved at once, nothing lost when the network is.
import { openClock } from "./exam/clock.js";
import { addMoves, isBlank, read, write } from "./exam/fields.js";
import { addMarks } from "./exam/marks.js";
import { openQueue } from "./exam/queue.js";
import { openTrace } from "./exam/trace.js";

const TYPED = 600; // milliseconds without a key before what is typed is saved
const HURRY = 10; // seconds before the end from which every key is
const FRESH = 10000; // an answer this young is what the person wants now, whatever another tab said before

const root = document.querySelector("[data-exam]");
if (root) openRoom(root);

async function openRoom(root) {
  const say = (name) => root.dataset[`say${name[0].toUpperCase()}${name.slice(1)}`];
  const part = (name) => root.querySelector(`[data-${name}]`);
  const forms = [...root.querySelectorAll("[data-question]")];
  const cells = new Map([...document.querySelectorAll("[data-cell]")].map((one) => [one.dataset.cell, one]));
  const numberOf = (form) => Number(form.dataset.question);
  const formAt = (position) => forms.find((one) => numberOf(one) === position);
  const said = new Map(forms.map((form) => [form, JSON.stringify(read(form, { asLoaded: true }))]));
  const marks = new Map();
  const typing = new Map(); // forms in which something was typed that is not kept yet
  let current = 0;

  const queue = await openQueue(root, { say, part, acknowledged, refused });
  const clock = openClock(root, { say, part, over: timeOver });
  const trace = openTrace(root, queue);

  // --- answers -------------------------------------------------------------------------------------------
  function dress(form) {
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

  function setAnswered(form, is) {
    if (is) form.dataset.answered = "";
    else delete form.dataset.answered;
    dress(form);
  }

  function save(form, { again = false } = {}) {
    clearTimeout(typing.get(form));
    typing.delete(form);
    if ("revealed" in form.dataset) return;
    const answer = read(form);
    const text = JSON.stringify(answer);
    if (!again && said.get(form) === text) return;
    said.set(form, text);
    complain(form, "");
    setAnswered(form, !isBlank(answer));
    queue.answer(numberOf(form), answer);
  }

  function saveTyped() {
    for (const form of [...typing.keys()]) save(form);
    for (const one of marks.values()) one.keepNote();
  }

  function acknowledged(entry, reply, age) {
    part("saved").textContent = `${say("saved")} ${reply.saved_at}`;
    if (reply.seq === undefined) return; // a mark
    clock.set(reply.remaining_s);
    part("elsewhere").hidden = !reply.elsewhere;
    const form = formAt(entry.position);
    if (!form || typing.has(form) || said.get(form) !== JSON.stringify(entry.answer)) return;
    setAnswered(form, reply.is_answered);
    // another tab had gone further: what the person answered here just now is still the later answer
    if (reply.seq > entry.seq && age < FRESH) save(form, { again: true });
  }

  // what was typed stays; it is no answer until it is mended
  function refused(entry, words) {
    const form = formAt(entry.position);
    part("saved").textContent = "";
    if (!form || said.get(form) !== JSON.stringify(entry.answer)) return;
    complain(form, words);
    setAnswered(form, false);
  }

  function complain(form, words) {
    let notice = form.querySelector("[data-problem]");
    if (!notice) {
      if (!words) return;
      notice = document.createElement("p");
      notice.className = "notice notice-warn";
      notice.dataset.problem = "";
      notice.role = "alert";
      form.querySelector("fieldset").after(notice);
    }
    notice.hidden = !words;
    notice.textContent = words;
  }

  for (const form of forms) {
    const inQuestion = (target) => target.closest("fieldset.question") && target.name;
    form.addEventListener("change", (event) => inQuestion(event.target) && save(form));
    form.addEventListener("input", (event) => {
      if (!inQuestion(event.target) || !event.target.matches("input[type=text], input:not([type]), textarea")) return;
      complain(form, ""); // now, and not when it is left: a button must not move away from under a press
      clearTimeout(typing.get(form));
      typing.set(form, setTimeout(() => save(form), clock.left() < HURRY ? 0 : TYPED));
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      save(form);
      if (event.submitter && "reveal" in event.submitter.dataset) reveal(form, event.submitter);
    });
    const mark = (what) => queue.mark(numberOf(form), what);
    marks.set(form, addMarks(form, { say, mark, dress }));
    addMoves(form, say, () => save(form));
  }
  addEventListener("visibilitychange", () => document.visibilityState === "hidden" && saveTyped());
  addEventListener("pagehide", saveTyped);
  addEventListener("beforeunload", saveTyped);

  // --- tutored: the answer is checked in its place -----------------------------------------------------------
  async function reveal(form, button) {
    // what is explained cannot be answered any more: a press too many must not do it
    if (isBlank(read(form)) && !("warned" in form.dataset)) {
      form.dataset.warned = "";
      return complain(form, say("blank"));
    }
    button.disabled = true;
    const sent = await queue.flush();
    if (form.querySelector("[data-problem]:not([hidden])") && !isBlank(read(form))) {
      button.disabled = false; // it was refused: to be mended first
      return;
    }
    const response = sent && (await queue.post(button.getAttribute("formaction"), ""));
    button.disabled = false;
    if (!response?.ok) return; // the notice says that it waits
    const stem = form.querySelector(".stem");
    while (stem.nextSibling) stem.nextSibling.remove();
    stem.insertAdjacentHTML("afterend", await response.text());
    form.dataset.revealed = "";
    button.remove();
    emphasise(form);
    form.querySelector("[data-revealed-part]")?.focus();
  }

  // --- one question at a time ----------------------------------------------------------------------------
  // one button stands out: to check, and then to go on
  const emphasise = (form) =>
    part("next").classList.toggle("button-quiet", Boolean(form.querySelector("[data-reveal]")));

  // A long question covers the window already, so that giving it the focus moves nothing: whoever goes on from
  // the end of one would begin in the middle of the next.
  function bringIntoView(form) {
    const [top, bar] = [form, part("bar")].map((one) => one.getBoundingClientRect());
    if (top.top < bar.bottom || top.top > innerHeight * 0.6) scrollBy({ top: top.top - bar.height - 12, behavior: "instant" });
  }

  for (const one of root.querySelectorAll("[data-without-script]")) one.hidden = true;
  for (const name of ["previous", "next"]) part(name).hidden = false;
  for (const form of forms) form.querySelector("legend").classList.add("visually-hidden"); // the bar says it

  function show(index, { focus = true } = {}) {
    saveTyped();
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
    emphasise(form);
    trace.watch(numberOf(form));
    if (focus) {
      history.replaceState(null, "", `#${form.id}`);
      form.focus({ preventScroll: true });
      bringIntoView(form);
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
  const jump = document.querySelector("dialog[data-jump]");
  jump.addEventListener("close", () => {
    const place = forms.findIndex((form) => form.dataset.question === jump.querySelector("input").value.trim());
    if (jump.returnValue === "go" && place >= 0) show(place);
    jump.returnValue = "";
  });

  // --- the books -----------------------------------------------------------------------------------------
  const pane = document.querySelector("[data-reference]");
  async function openReference() {
    try {
      const module = await import(pane.dataset.module);
      await module.open(pane, numberOf(forms[current]));
    } catch {
      part("offline").hidden = false; // offline: its notice says so
    }
  }
  part("open-reference").addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    openReference();
  });

  // --- keys: before those of every page, which look up codes of today ---------------------------------------
  const keys = document.querySelector("dialog[data-keys]");
  part("show-keys").hidden = false;
  part("show-keys").addEventListener("click", () => keys.showModal());
  const isTyping = (target) =>
    target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

  function choose(digit, target) {
    const scope = target.closest(".case-part") ?? forms[current];
    const option = scope.querySelectorAll(".option input")[digit - 1];
    option?.focus();
    option?.click();
  }

  const strike = (target) => target.closest(".option")?.querySelector("[data-strike]")?.click();
  const does = {
    n: () => show(current + 1),
    p: () => show(current - 1),
    f: () => marks.get(forms[current]).flag(),
    x: (target) => strike(target),
    h: () => marks.get(forms[current]).highlight(),
    m: () => marks.get(forms[current]).openNote(),
    j: () => {
      jump.showModal();
      jump.querySelector("input").select();
    },
    "/": openReference,
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog:modal")) return;
      if (isTyping(event.target)) return;
      const key = event.key.toLowerCase();
      if (/^[1-9]$/.test(key)) choose(Number(key), event.target);
      else if (does[key]) does[key](event.target);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { capture: true },
  );

  // --- the end ---------------------------------------------------------------------------------------------
  async function timeOver({ isExam }) {
    saveTyped();
    for (const form of forms) form.querySelector("fieldset").disabled = true;
    while (!queue.isClosed() && !(await queue.flush())) await new Promise((resume) => setTimeout(resume, 1000));
    if (queue.isClosed()) return;
    await trace.tell(); // afterwards nothing is noted any more
    queue.close();
    if (isExam && part("time-over")) part("time-over").submit();
    else location.assign(location.pathname.replace(/sections\/\d+\/$/, ""));
  }

  // leaving only with everything saved
  const leaving = [...document.querySelectorAll("[data-finish], [data-leave]")];
  for (const link of leaving.filter((one) => one.matches("a"))) {
    link.addEventListener("click", async (event) => {
      saveTyped();
      if (!queue.waiting().length) return;
      event.preventDefault();
      if (await queue.flush()) location.assign(link.href);
    });
  }
  for (const form of leaving.filter((one) => one.matches("form"))) {
    form.addEventListener("submit", async (event) => {
      saveTyped();
      if (!queue.waiting().length) return;
      event.preventDefault();
      if (await queue.flush()) form.submit();
    });
  }

  // what still waits from before this page was loaded is newer than the page
  for (const entry of queue.waiting()) {
    const form = formAt(entry.position);
    if (!form || "revealed" in form.dataset) continue;
    if (!entry.answer) marks.get(form).restore(entry);
    else {
      write(form, entry.answer);
      said.set(form, JSON.stringify(read(form)));
      setAnswered(form, !isBlank(entry.answer));
    }
  }
  // answered while this script was still loading
  for (const form of forms) save(form);
  show(Math.max(0, indexOf(location.hash)), { focus: Boolean(location.hash) });
  queue.flush();
}

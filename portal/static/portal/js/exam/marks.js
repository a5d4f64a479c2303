// What a person notes on a question beside its answer: a flag, what is struck out, highlighted words, a note.

const TYPED = 600; // milliseconds without a key before a note is kept

export function addMarks(form, { say, mark, dress }) {
  const stem = form.querySelector(".stem");
  let highlights = JSON.parse(stem.dataset.highlights ?? "[]");
  let timer = 0;

  // --- flag --------------------------------------------------------------------------------------------
  function flag() {
    if ("flagged" in form.dataset) delete form.dataset.flagged;
    else form.dataset.flagged = "";
    dress(form);
    mark({ flagged: "flagged" in form.dataset });
  }
  form.querySelector("[data-flag]").addEventListener("click", (event) => {
    event.preventDefault();
    flag();
  });

  // --- options that are out ------------------------------------------------------------------------------
  const struckNow = () => [...form.querySelectorAll(".option.is-struck input")].map((one) => Number(one.value));
  const dressing = [];
  if ("strikes" in form.dataset) for (const option of form.querySelectorAll(".option")) addStrike(option);

  function addStrike(option) {
    const button = document.createElement("button");
    const letter = document.createElement("span");
    letter.className = "visually-hidden";
    letter.textContent = ` ${option.querySelector(".option-letter").textContent}`;
    button.type = "button";
    button.className = "button button-quiet button-small";
    button.dataset.strike = "";
    const dressButton = () => {
      const struck = option.classList.contains("is-struck");
      button.setAttribute("aria-pressed", String(struck));
      button.replaceChildren(struck ? say("struck") : say("strike"), letter);
    };
    button.addEventListener("click", () => {
      option.classList.toggle("is-struck");
      dressButton();
      mark({ struck: struckNow() });
    });
    dressing.push(dressButton);
    dressButton();
    option.append(button);
  }

  // --- highlighted words: pairs of first and last character in the text of the stem ------------------------
  const told = document.createElement("span");
  told.className = "muted";
  told.role = "status";
  const light = document.createElement("button");
  const clear = document.createElement("button");
  for (const [button, word] of [[light, "highlight"], [clear, "clear"]]) {
    button.type = "button";
    button.className = "button button-quiet";
    button.textContent = say(word);
  }
  // a click would take the selection away
  light.addEventListener("pointerdown", (event) => event.preventDefault());
  light.addEventListener("click", highlight);
  clear.addEventListener("click", () => {
    set([]);
    light.focus();
  });
  form.querySelector(".exam-actions").append(light, clear, told);

  function draw() {
    for (const one of stem.querySelectorAll("mark[data-own]")) one.replaceWith(...one.childNodes);
    stem.normalize();
    const texts = [];
    const walker = document.createTreeWalker(stem, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(), at = 0; node; node = walker.nextNode()) {
      texts.push([node, at]);
      at += node.length;
    }
    for (const [node, at] of texts) {
      // from the end, so that what was split off before stays where it is
      for (const [first, last] of highlights.toReversed()) {
        const from = Math.max(first - at, 0);
        const to = Math.min(last - at, node.length);
        if (from >= to) continue;
        const words = from ? node.splitText(from) : node;
        if (to - from < words.length) words.splitText(to - from);
        const own = document.createElement("mark");
        own.dataset.own = "";
        words.replaceWith(own);
        own.append(words);
        if (!from) break;
      }
    }
    clear.hidden = !highlights.length;
  }

  function selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!range.intersectsNode(stem)) return null;
    const whole = document.createRange();
    whole.selectNodeContents(stem);
    if (range.compareBoundaryPoints(Range.START_TO_START, whole) > 0) whole.setStart(range.startContainer, range.startOffset);
    if (range.compareBoundaryPoints(Range.END_TO_END, whole) < 0) whole.setEnd(range.endContainer, range.endOffset);
    const before = document.createRange();
    before.selectNodeContents(stem);
    before.setEnd(whole.startContainer, whole.startOffset);
    const first = before.toString().length;
    const last = first + whole.toString().length;
    return first < last ? [first, last] : null;
  }

  function highlight() {
    const found = selected();
    told.textContent = found ? "" : say("select");
    if (!found) return;
    const [first, last] = found;
    getSelection().removeAllRanges();
    const around = highlights.find(([from, to]) => from <= first && last <= to);
    // the same words once more: they are plain again
    if (around) set(highlights.flatMap((one) => (one === around ? [[one[0], first], [last, one[1]]] : [one])));
    else set([...highlights, found]);
  }

  function set(pairs) {
    const merged = [];
    for (const [first, last] of pairs.filter(([from, to]) => from < to).sort(([a], [b]) => a - b)) {
      const end = merged.at(-1);
      if (end && first <= end[1]) end[1] = Math.max(end[1], last);
      else merged.push([first, last]);
    }
    highlights = merged.slice(0, 200);
    draw();
    mark({ highlights });
  }

  // --- an own note -----------------------------------------------------------------------------------------
  const note = form.querySelector("textarea[name=note]");
  let kept = note.value;
  function keepNote() {
    clearTimeout(timer);
    if (note.value === kept) return;
    kept = note.value;
    mark({ note: kept });
  }
  note.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keepNote, TYPED);
  });
  note.addEventListener("change", keepNote);

  draw();
  return {
    flag,
    highlight,
    keepNote,
    openNote() {
      note.closest("details").open = true;
      note.focus();
    },
    // what waited in the browser when the page was loaded
    restore(what) {
      if ("flagged" in what) {
        if (what.flagged) form.dataset.flagged = "";
        else delete form.dataset.flagged;
        dress(form);
      }
      if ("note" in what) note.value = kept = what.note;
      if ("highlights" in what) {
        highlights = what.highlights;
        draw();
      }
      if ("struck" in what) {
        for (const option of form.querySelectorAll(".option")) {
          option.classList.toggle("is-struck", what.struck.includes(Number(option.querySelector("input")?.value)));
        }
        for (const one of dressing) one();
      }
    },
  };
}

// The clock: the server's remaining seconds, counted by a clock that nobody can set.

const THRESHOLDS = [30, 15, 5, 1]; // minutes left that are spoken
const LOW = 300; // seconds from which a clock looks urgent
const ADDED = 20000; // an acknowledgement that moves the end by more than this says that time was added

const two = (number) => String(number).padStart(2, "0");
export const written = (left) => `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;

// When the server counted the seconds that the page came with: not when this script began.
const counted = () => performance.getEntriesByType("navigation")[0]?.responseStart || performance.now();

export function openClock(root, { say, part, over }) {
  const given = (name) => (name in root.dataset ? counted() + Number(root.dataset[name]) * 1000 : Infinity);
  let endsAt = given("remaining"); // of the section or the exam, whichever is first
  let examEndsAt = given("examRemaining");
  let isOver = false;
  const left = (end = endsAt) => Math.max(0, Math.ceil((end - performance.now()) / 1000));
  if (endsAt === Infinity) return { left: () => Infinity, set() {} };

  let spoken = Math.ceil(left() / 60) + 1;
  const faces = [[part("clock"), () => examEndsAt], [part("section-clock"), () => endsAt]].filter(([face]) => face);

  function tick() {
    for (const [face, end] of faces) {
      const text = written(left(end()));
      if (face.textContent !== text) face.textContent = text;
      face.parentElement.classList.toggle("is-low", left(end()) <= LOW);
    }
    const seconds = left();
    const minutes = THRESHOLDS.filter((one) => seconds <= one * 60 && one < spoken).at(-1);
    if (minutes && seconds) {
      spoken = minutes;
      part("speak").textContent = `${say("minutes")} ${minutes}`;
    }
    if (seconds) setTimeout(tick, 250);
    else if (!isOver) {
      isOver = true;
      part("speak").textContent = say("over");
      over({ isExam: !left(examEndsAt) });
    }
  }

  function set(seconds) {
    if (seconds === null || seconds === undefined) return;
    const moved = performance.now() + seconds * 1000 - endsAt;
    endsAt += moved;
    examEndsAt += moved;
    if (moved < ADDED) return;
    spoken = Math.ceil(left() / 60) + 1;
    const notice = part("added");
    notice.querySelector("p").textContent = say("added");
    notice.hidden = false;
  }

  // --- hidden for those whom it makes nervous ----------------------------------------------------------
  const hide = part("hide-clock");
  function dress() {
    const hidden = sessionStorage.getItem("crosswalk.clock") === "hidden";
    part("clocks").hidden = hidden;
    hide.textContent = hidden ? say("show") : say("hide");
    hide.setAttribute("aria-pressed", String(hidden));
  }
  hide.hidden = false;
  hide.addEventListener("click", () => {
    sessionStorage.setItem("crosswalk.clock", part("clocks").hidden ? "shown" : "hidden");
    dress();
  });
  dress();
  tick();
  return { left, set };
}

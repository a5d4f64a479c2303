// What is left of a break.
import { written } from "./clock.js";

const root = document.querySelector("[data-break]");
const face = root.querySelector("[data-clock]");
const speak = root.querySelector("[data-speak]");
const sent = performance.getEntriesByType("navigation")[0]?.responseStart || performance.now();
const endsAt = sent + Number(root.dataset.remaining) * 1000;
let spoken = 2;

function tick() {
  const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
  face.textContent = written(left);
  if (left && left <= 60 && spoken > 1) {
    spoken = 1;
    speak.textContent = `${root.dataset.sayMinutes} 1`;
  }
  if (left) setTimeout(tick, 250);
  else {
    speak.textContent = root.dataset.sayOver;
    speak.classList.remove("visually-hidden");
  }
}
tick();

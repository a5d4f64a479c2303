// A card by keyboard: 1 to 9 choose an option or a rating, Enter goes on. Without it every button works too.

const form = document.querySelector("[data-review-keys]");
const TYPED = "textarea, select, input:not([type=radio], [type=checkbox])";

function pick(number) {
  const options = form.querySelectorAll(".options input");
  const ratings = form.querySelectorAll("button[name=rating]");
  const one = options[number - 1] ?? ratings[number - 1];
  if (!one) return false;
  one.focus();
  one.click();
  return true;
}

if (form) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPED)) return;
    if (/^[1-9]$/.test(event.key)) {
      if (pick(Number(event.key))) event.preventDefault();
    } else if (event.key === "Enter" && !event.target.closest("button, a, summary")) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-usual]"));
    }
  });
  // a second click while the first is on its way: the server would ignore it, the person need not wonder
  form.addEventListener("submit", () => {
    setTimeout(() => form.querySelectorAll("button").forEach((one) => (one.disabled = true)));
  });
  // back from the browser's cache everything works again
  addEventListener("pageshow", () => form.querySelectorAll("button").forEach((one) => (one.disabled = false)));
}

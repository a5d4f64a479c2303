// The inbox: following a line's link marks it as read, by sending the line's own form.
const SOON = 800; // the task opens after so many milliseconds whatever became of the mark

function mark(line) {
  const form = line.querySelector("form[data-marks]");
  if (!form) return null;
  form.removeAttribute("data-marks");
  return fetch(form.action, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
    keepalive: true, // it arrives although the page is left
  }).catch(() => null);
}

async function follow(event) {
  const link = event.target.closest("a[data-opens]");
  if (!link || event.button > 1) return;
  const sent = mark(link.closest("li"));
  const elsewhere = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!sent || elsewhere) return;
  // wait a moment, so that the next page's bell does not count it any more
  event.preventDefault();
  await Promise.race([sent, new Promise((done) => setTimeout(done, SOON))]);
  location.assign(link.href);
}

const inbox = document.querySelector("[data-inbox]");
inbox?.addEventListener("click", follow);
inbox?.addEventListener("auxclick", follow);

// Reading time as evidence for CEUs: one beat a minute, only while the tab is visible.
const page = document.querySelector("[data-reading-beat]");
const token = document.querySelector("[name=csrfmiddlewaretoken]");

if (page && token) {
  let seconds = 0;
  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    seconds += 5;
    if (seconds < 60) return;
    seconds = 0;
    const body = new URLSearchParams({ csrfmiddlewaretoken: token.value });
    // a lost beat only costs a minute of evidence: the reader must not be disturbed
    fetch(page.dataset.readingBeat, { method: "POST", body, keepalive: true }).catch(() => {});
  }, 5000);
}

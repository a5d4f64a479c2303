// For how many seconds each question was on the screen: told twice a minute, kept until it is acknowledged.

const EVERY = 30000;
const MOST = 500; // steps that are kept while nobody takes them

export function openTrace(root, queue) {
  const place = `crosswalk.t.${root.dataset.attempt}.${queue.tab}`;
  const counter = `${place}.seq`;
  let position = 0;
  let since = 0;
  let spent = new Map();
  let sending = false;

  function count() {
    const now = performance.now();
    if (position && since) spent.set(position, (spent.get(position) ?? 0) + (now - since) / 1000);
    since = document.visibilityState === "visible" ? now : 0;
  }

  function bank() {
    count();
    try {
      const steps = JSON.parse(localStorage.getItem(place) ?? "[]");
      let seq = Number(sessionStorage.getItem(counter) ?? 0);
      for (const [where, seconds] of spent) {
        if (Math.round(seconds) < 1) continue;
        steps.push({ seq: (seq += 1), position: where, seconds: Math.round(seconds) });
        spent.delete(where);
      }
      sessionStorage.setItem(counter, String(seq));
      if (steps.length) localStorage.setItem(place, JSON.stringify(steps.slice(-MOST)));
      return steps.slice(-MOST);
    } catch {
      return []; // only the time of a question is lost: nobody needs to hear of it
    }
  }

  async function tell() {
    const steps = bank();
    if (!steps.length || sending) return;
    sending = true;
    const response = await queue.post(root.dataset.traceUrl, JSON.stringify({ client_id: queue.tab, steps }));
    sending = false;
    if (!response || response.status >= 500 || response.status === 429) return;
    const sent = new Set(steps.map((one) => one.seq));
    const newer = JSON.parse(localStorage.getItem(place) ?? "[]").filter((one) => !sent.has(one.seq));
    if (newer.length) localStorage.setItem(place, JSON.stringify(newer));
    else localStorage.removeItem(place);
  }

  setInterval(tell, EVERY);
  addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? tell() : count()));
  addEventListener("pagehide", tell);
  return {
    watch(where) {
      count();
      position = where;
    },
    tell,
  };
}

// The fields of a question as its form would send them: name -> values.

const BOXES = new Set(["radio", "checkbox"]);

function values(field, asLoaded) {
  if (BOXES.has(field.type)) return (asLoaded ? field.defaultChecked : field.checked) ? [field.value] : [];
  if (field.tagName !== "SELECT") return [asLoaded ? field.defaultValue : field.value];
  if (!asLoaded) return [field.value];
  return [([...field.options].find((one) => one.defaultSelected) ?? field.options[0])?.value ?? ""];
}

const fieldsOf = (form) =>
  [...form.querySelector("fieldset").elements].filter((one) => one.name && one.matches("input, select, textarea"));

export function read(form, { asLoaded = false } = {}) {
  const found = {};
  for (const field of fieldsOf(form)) {
    const here = values(field, asLoaded);
    if (here.length) found[field.name] = [...(found[field.name] ?? []), ...here];
  }
  return found;
}

export function write(form, answer) {
  for (const field of fieldsOf(form)) {
    const sent = answer[field.name] ?? [];
    if (BOXES.has(field.type)) field.checked = sent.includes(field.value);
    else field.value = sent.at(-1) ?? "";
  }
}

export const isBlank = (answer) => !Object.values(answer).flat().some((one) => one.trim());

// Steps to put into order: the selects stay what is sent; two buttons beside each move its step.
export function addMoves(form, say, changed) {
  for (const list of form.querySelectorAll(".choosings")) {
    const selects = () => [...list.querySelectorAll("select")];
    if (!selects().length || !selects().every((one) => /(^|-)place-\d+$/.test(one.name))) continue;
    const told = document.createElement("p");
    told.className = "visually-hidden";
    told.role = "status";
    list.after(told);

    const move = (select, by, button) => {
      // what has no place yet stands behind what has one, as it is on the screen
      const lines = selects().map((one, place) => [Number(one.value) || 1000 + place, one]);
      const order = lines.sort(([a], [b]) => a - b).map(([, one]) => one);
      const from = order.indexOf(select);
      const to = Math.max(0, Math.min(order.length - 1, from + by));
      order.splice(to, 0, ...order.splice(from, 1));
      order.forEach((one, place) => (one.value = String(place + 1)));
      list.append(...order.map((one) => one.closest("li")));
      button.focus();
      told.textContent = `${say("place")} ${to + 1}`;
      changed();
    };
    for (const select of selects()) {
      const moves = document.createElement("span");
      moves.className = "moves";
      const text = select.closest("label")?.querySelector(".choosing-text")?.textContent.trim() ?? "";
      for (const [word, by, arrow] of [["earlier", -1, "↑"], ["later", 1, "↓"]]) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "button button-quiet button-small";
        button.textContent = arrow;
        button.setAttribute("aria-label", `${say(word)}: ${text}`);
        button.addEventListener("click", () => move(select, by, button));
        moves.append(button);
      }
      select.closest("li").append(moves);
    }
  }
}

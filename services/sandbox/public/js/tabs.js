import { h } from './dom.js';

let sequence = 0;

/**
 * Tabs as the ARIA practices describe them: one tab stop, arrow keys move. A panel is made when first shown.
 * @param {{ name: string, label: string, panel: () => Node }[]} tabs
 * @param {string} first name of the tab to start with
 * @param {(name: string) => void} [onPick]
 */
export function tabs(tabs, first, onPick = () => undefined) {
  sequence += 1;
  const idOf = (name, part) => `tabs-${sequence}-${name}-${part}`;
  const panels = new Map(
    tabs.map(({ name }) => [
      name,
      h('div', {
        role: 'tabpanel',
        class: 'tab-panel',
        id: idOf(name, 'panel'),
        'aria-labelledby': idOf(name, 'tab'),
      }),
    ]),
  );
  const buttons = new Map(
    tabs.map(({ name, label }) => [
      name,
      h(
        'button',
        {
          type: 'button',
          role: 'tab',
          class: 'tab',
          id: idOf(name, 'tab'),
          'aria-controls': idOf(name, 'panel'),
          onclick: () => {
            show(name);
            onPick(name);
          },
        },
        label,
      ),
    ]),
  );

  function show(shown) {
    for (const { name, panel } of tabs) {
      const selected = name === shown;
      buttons.get(name).setAttribute('aria-selected', String(selected));
      buttons.get(name).tabIndex = selected ? 0 : -1;
      panels.get(name).hidden = !selected;
      if (selected && !panels.get(name).hasChildNodes()) panels.get(name).append(panel());
    }
  }

  const row = h('div', { role: 'tablist', class: 'tab-list' }, ...buttons.values());
  row.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const names = tabs.map(({ name }) => name);
    const at = names.findIndex((name) => buttons.get(name) === event.target);
    const next = buttons.get(names[(at + step + names.length) % names.length]);
    next.focus();
    next.click();
  });
  show(first);
  return h('div', { class: 'tabs' }, row, ...panels.values());
}

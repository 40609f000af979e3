// What a list of papers does without asking the server: sorting, filtering, ticking, unfolding. The papers that a button
// is about stand in its `data-papers`, in the order shown (see ui/page/table.py for the markup).
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const papersOf = (list) => all('tbody.paper', list);
  const box = (paper) => paper.querySelector('[data-tick]');
  const papers = (count) => `${count} paper${count === 1 ? '' : 's'}`;

  // Words stand anywhere in what a row says of its paper, in any order; case does not matter
  const said = (paper) =>
    (paper.said ??= all('.title, .of-why, .meta, .abstract, .topics', paper).map((each) => each.textContent).join(' ').toLowerCase());
  const fits = {
    word: (paper, value) => value.toLowerCase().split(/\s+/).every((word) => said(paper).includes(word)),
    topics: (paper, value) => paper.dataset.topics.split('\n').includes(value),
    sources: (paper, value) => paper.dataset.sources.split('\n').includes(value),
    from: (paper, value) => paper.dataset.year >= value,
    to: (paper, value) => paper.dataset.year !== '' && paper.dataset.year.slice(0, value.length) <= value,
  };

  const filter = (list) => {
    const set = all('[data-filter]', list).map((field) => [field.dataset.filter, field.value.trim()]).filter(([, value]) => value);
    for (const paper of papersOf(list)) paper.hidden = !set.every(([name, value]) => fits[name](paper, value));
    for (const button of all('[data-clear]', list)) button.disabled = !set.length;
    tell(list);
  };

  // Says how many are shown and ticked, and gives the buttons their papers
  const tell = (list) => {
    const rows = papersOf(list);
    const shown = rows.filter((paper) => !paper.hidden);
    const ticked = rows.filter((paper) => box(paper).checked);
    const unseen = ticked.filter((paper) => paper.hidden).length;
    const chosen = ticked.length ? ticked : shown;
    const narrowed = shown.length < rows.length;
    const write = (selector, text) => {
      const place = list.querySelector(selector);
      if (place.textContent !== text) place.textContent = text;
    };
    write('.list-count', [
      narrowed ? `${shown.length} of ${rows.length} shown` : papers(rows.length),
      ticked.length ? `${ticked.length} ticked${unseen ? ` (${unseen} not shown)` : ''}` : '',
    ].filter(Boolean).join(' · '));
    write('.list-scope', ticked.length ? `${ticked.length} ticked` : narrowed ? `${shown.length} shown` : `all ${rows.length}`);
    list.querySelector('.list-none').hidden = shown.length > 0;
    list.querySelector('table').classList.toggle('empty', !shown.length);
    const every = list.querySelector('[data-tick-shown]');
    const count = shown.filter((paper) => box(paper).checked).length;
    every.checked = count > 0 && count === shown.length;
    every.indeterminate = count > 0 && count < shown.length;
    for (const paper of rows) paper.classList.toggle('ticked', box(paper).checked);
    for (const button of all('[data-of]', list)) {
      const about = button.dataset.of === 'ticked' ? ticked : chosen;
      button.dataset.papers = JSON.stringify(about.map((paper) => paper.dataset.id));
      button.disabled = !about.length;
    }
  };

  const collator = new Intl.Collator(undefined, { numeric: true });
  const sort = (list, button) => {
    const head = button.closest('th');
    const way = head.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
    for (const other of all('thead th[aria-sort]', list)) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', way);
    const value = (paper, name) => {
      const cell = paper.querySelector(`.of-${name}`);
      return cell.dataset.sort ?? cell.textContent;
    };
    const sign = way === 'ascending' ? 1 : -1;
    const order = (one, other) => {
      const [a, b] = [one, other].map((paper) => value(paper, button.dataset.sortBy));
      if (!a || !b) return (a ? 0 : 1) - (b ? 0 : 1); // what is not known comes last, either way
      return sign * collator.compare(a, b);
    };
    const byRank = (one, other) => value(one, 'rank') - value(other, 'rank');
    list.querySelector('table').append(...papersOf(list).sort((one, other) => order(one, other) || byRank(one, other)));
    tell(list);
  };

  const fold = (button) => {
    const row = document.getElementById(button.getAttribute('aria-controls'));
    row.hidden = !row.hidden;
    button.setAttribute('aria-expanded', String(!row.hidden));
  };

  const clear = (list) => {
    for (const field of all('[data-filter]', list)) field.value = '';
    filter(list);
    list.querySelector('[data-filter]').focus();
  };

  // Gradio changes what differs and keeps the rest: what was typed and ticked in the list before is not of this one
  const beginAnew = (place) => {
    for (const field of all('input', place)) Object.assign(field, { value: field.defaultValue, checked: false, indeterminate: false });
    for (const field of all('select', place)) field.selectedIndex = 0;
    for (const paper of papersOf(place)) delete paper.said;
  };

  const save = ({ name, type, text }) => {
    const url = URL.createObjectURL(new Blob([text], { type }));
    Object.assign(document.createElement('a'), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  window.paperchat = Object.assign(window.paperchat || {}, { beginAnew, save });

  const find = (request) => {
    const count = document.getElementById('list-count').value;
    window.paperchat.run('list_papers', { request, count });
  };

  document.addEventListener('submit', (submit) => {
    if (submit.target.id !== 'list-form') return;
    submit.preventDefault();
    find(document.getElementById('list-request').value);
  });
  // While the click is still on its way down, so that the buttons have their papers when it is heard
  document.addEventListener('click', (click) => {
    const button = click.target.closest('button');
    const list = click.target.closest('section.list');
    if (!button) return;
    if ('listExample' in button.dataset) {
      document.getElementById('list-request').value = button.textContent;
      find(button.textContent);
    } else if (list && 'chip' in button.dataset) button.dataset.count = document.getElementById('list-count').value;
    else if (list && 'sortBy' in button.dataset) sort(list, button);
    else if (list && 'clear' in button.dataset) clear(list);
    else if (list && 'fold' in button.dataset) fold(button);
    else if (list && 'of' in button.dataset) tell(list);
  }, true);
  document.addEventListener('input', (input) => {
    const list = input.target.closest('section.list');
    if (list && 'filter' in input.target.dataset) filter(list);
  });
  document.addEventListener('change', (change) => {
    const list = change.target.closest('section.list');
    if (!list || change.target.type !== 'checkbox') return;
    if ('tickShown' in change.target.dataset)
      for (const paper of papersOf(list)) if (!paper.hidden) box(paper).checked = change.target.checked;
    tell(list);
  });
})();

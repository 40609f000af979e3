// The view of the corpus: asks the server for the map, the counts and how far an adding is, once the view is open.
// Titles come as text and are set as text; the only markup is what ui/page/corpus_markup.py and cards.py have escaped.
(() => {
  const page = (window.paperchat = window.paperchat || {});
  const SHOWN = 60;
  const EVERY_MS = 500;

  page.openCorpus = (root, server, upload) => {
    const one = (selector) => root.querySelector(selector);
    const all = (selector) => [...root.querySelectorAll(selector)];
    const make = (name, properties = {}, ...children) => {
      const made = Object.assign(document.createElement(name), properties);
      made.append(...children);
      return made;
    };
    const asked = async (name, sent = {}) => {
      const answer = await server[name](sent);
      if (answer?.error) throw new Error(answer.error);
      return answer;
    };

    let data = null;
    let only = { kind: '', name: '' };
    let asking = null;
    let may = false;
    const stage = one('.atlas-stage');
    const find = one('#atlas-find');
    const side = one('.atlas-card');
    const map = page.drawMap(one('canvas'), one('.atlas-tip'), { open: (at) => open(at) });

    // What is in the index
    const refresh = async () => {
      const contents = await asked('contents');
      one('.holds').innerHTML = contents.markup;
      one('.adding-ways').hidden = !(may = contents.uploads);
      one('.adding-closed').hidden = may;
      one('.named').hidden = !contents.home;
      one('.named code').textContent = contents.home;
      if (data?.generation === contents.generation) return press();
      stage.setAttribute('aria-busy', 'true');
      one('.atlas-wait').hidden = false;
      data = await asked('map');
      map.set(data);
      lower = data.titles.map((title) => title.toLowerCase());
      only = { kind: '', name: '' };
      groups();
      show();
      answered();
      one('.atlas-wait').hidden = true;
      stage.setAttribute('aria-busy', 'false');
      one('canvas').setAttribute('aria-label', `Map of ${data.ids.length} papers in ${data.names.length} groups`);
    };
    let lower = [];
    const opened = () => {
      asking ??= refresh()
        .catch((error) => (one('.atlas-wait').textContent = error.message))
        .finally(() => (asking = null));
      follow();
    };

    const groups = () => {
      const counts = new Map();
      for (const group of data.groups) counts.set(group, (counts.get(group) ?? 0) + 1);
      one('.atlas-groups').replaceChildren(
        ...data.names.map((name, group) => {
          const dot = make('span', { className: 'dot' });
          dot.style.background = `var(--group-${group})`;
          const count = make('span', { className: 'many', textContent: counts.get(group) });
          const button = make('button', { type: 'button' }, dot, make('span', { textContent: name }), count);
          Object.assign(button.dataset, { only: 'groups', name: String(group) });
          return make('li', {}, button);
        }),
      );
    };

    // What stands out: the papers of a group, topic, year or source, and those whose titles hold the words
    const among = () => {
      const { kind, name } = only;
      if (!kind) return () => true;
      if (kind === 'groups') return (at) => data.groups[at] === Number(name);
      if (kind === 'years') return (at) => (data.years[at] || 'not known') === name;
      const names = kind === 'topics' ? data.topic_names : data.source_names;
      const number = names.indexOf(name);
      return (at) => (number < 0 ? !data[kind][at].length : data[kind][at].includes(number));
    };
    const sampled = () =>
      data.total > data.ids.length
        ? `The map shows ${data.ids.length.toLocaleString('en')} of ${data.total.toLocaleString('en')} papers, spread over all. `
        : '';
    const show = () => {
      if (!data) return;
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = among();
      const found = [];
      for (let at = 0; at < data.ids.length; at++)
        if (fits(at) && words.every((word) => lower[at].includes(word))) found.push(at);
      const some = Boolean(words.length || only.kind);
      map.only(some ? new Set(found) : null);
      const more = found.length - SHOWN;
      one('.atlas-count').textContent = some
        ? `${found.length} of ${data.ids.length} papers${more > 0 ? `, the first ${SHOWN} are listed` : ''}`
        : `${sampled()}Type words of a title, or choose a group, a topic or a point.`;
      one('.atlas-found').replaceChildren(
        ...(some ? found.slice(0, SHOWN) : []).map((at) => {
          const dot = make('span', { className: 'dot' });
          dot.style.background = `var(--group-${data.groups[at]})`;
          const button = make('button', { type: 'button' }, dot, make('span', { textContent: data.titles[at] }));
          button.addEventListener('click', () => open(at));
          for (const come of ['focus', 'mouseenter']) button.addEventListener(come, () => map.hover(at));
          for (const go of ['blur', 'mouseleave']) button.addEventListener(go, () => map.hover(-1));
          return make('li', {}, button);
        }),
      );
      press();
    };
    const press = () => {
      for (const button of all('[data-only][data-name]'))
        button.setAttribute('aria-pressed', String(button.dataset.only === only.kind && button.dataset.name === only.name));
      one('.atlas-only').hidden = !only.kind;
      const name = only.kind === 'groups' ? data?.names[Number(only.name)] : only.name;
      one('.atlas-only .which').textContent = only.kind ? `Only: ${name}` : '';
    };
    const choose = (kind, name) => {
      only = only.kind === kind && only.name === name ? { kind: '', name: '' } : { kind, name };
      show();
    };

    // The card of a paper
    const open = async (at) => {
      map.choose(at);
      try {
        side.innerHTML = (await asked('card', { paper: data.ids[at] })).markup;
        const close = make('button', { type: 'button', textContent: 'Close', className: 'close' });
        close.addEventListener('click', () => {
          side.replaceChildren();
          map.choose(-1);
          find.focus();
        });
        side.prepend(close);
        const card = side.querySelector('.card');
        card.focus({ preventScroll: true });
        one('.atlas-side').scrollTop = 0;
        if (matchMedia('(max-width: 760px)').matches) card.scrollIntoView({ block: 'start' });
      } catch (error) {
        side.replaceChildren(make('p', { className: 'error', textContent: error.message }));
      }
    };

    const answered = () => {
      const ids = new Set(page.answered ?? []);
      const places = data ? data.ids.flatMap((id, at) => (ids.has(id) ? [at] : [])) : [];
      map.answered(places);
      one('.atlas-answered').hidden = !places.length;
      const many = places.length === 1 ? '1 paper' : `${places.length} papers`;
      one('.atlas-answered .which').textContent = `${many} of the last answer`;
    };

    // Adding: the ticket is known to this browser only
    const now = one('.adding-now');
    const done = one('.adding-done');
    const ticket = () => sessionStorage.getItem('paperchat-adding') ?? '';
    let following = false;
    const begun = (given) => {
      sessionStorage.setItem('paperchat-adding', given);
      done.replaceChildren();
      follow();
    };
    const detail = (line) => {
      // An upload that was refused: Gradio's script gives the status and the problem details as they came
      try {
        return JSON.parse(line.replace(/^HTTP \d+: /, '')).detail ?? line;
      } catch {
        return line;
      }
    };
    const failed = (error) => {
      const line = detail(error?.message ?? String(error));
      done.replaceChildren(make('p', { className: 'error', textContent: line }));
    };
    const follow = async () => {
      if (following) return;
      following = true;
      let was = false;
      try {
        for (;;) {
          const progress = await asked('progress', { ticket: ticket() });
          now.hidden = !progress.busy;
          if (!progress.busy) {
            if (progress.report) done.innerHTML = progress.report;
            else if (was) done.textContent = 'Somebody has added papers.';
            if (progress.report) sessionStorage.removeItem('paperchat-adding');
            break;
          }
          was = true;
          one('.adding-now .cancel').hidden = !progress.mine;
          one('.adding-now .how').textContent = progress.line;
          const bar = one('.adding-now progress');
          if (progress.total) [bar.max, bar.value] = [progress.total, progress.done];
          else bar.removeAttribute('value');
          await new Promise((later) => setTimeout(later, EVERY_MS));
        }
      } catch (error) {
        failed(error);
      } finally {
        following = false;
      }
      if (was || done.hasChildNodes()) {
        page.run?.('refresh_status', {});
        asking ??= refresh().catch(failed).finally(() => (asking = null));
      }
    };
    const add = async (files) => {
      if (!files.length || !may) return;
      done.replaceChildren();
      now.hidden = false;
      one('.adding-now .cancel').hidden = true;
      one('.adding-now .how').textContent = 'Uploading…';
      try {
        const sent = await Promise.all(
          [...files].map(async (file) => ({ name: file.name, path: (await upload(file)).path })),
        );
        begun((await asked('add_uploads', { files: sent })).ticket);
      } catch (error) {
        now.hidden = true;
        failed(error);
        follow();
      }
    };
    const box = one('.adding input[type="file"]');
    box.addEventListener('change', async () => {
      await add(box.files);
      box.value = '';
    });
    const drop = one('.adding');
    drop.addEventListener('dragover', (event) => event.preventDefault());
    drop.addEventListener('drop', (event) => {
      event.preventDefault();
      add(event.dataTransfer.files);
    });
    one('.named').addEventListener('submit', async (event) => {
      event.preventDefault();
      try {
        begun((await asked('add_named', { name: one('.named input').value })).ticket);
        one('.named').reset();
      } catch (error) {
        failed(error);
      }
    });
    one('.adding-now .cancel').addEventListener('click', () => asked('cancel', { ticket: ticket() }).catch(failed));

    const zooms = { in: () => map.zoom(1.6), out: () => map.zoom(1 / 1.6), all: map.all };
    root.addEventListener('click', (click) => {
      const button = click.target.closest('button');
      if (button?.dataset.zoom) zooms[button.dataset.zoom]();
      else if (button && 'only' in button.dataset) choose(button.dataset.only, button.dataset.name ?? '');
    });
    find.addEventListener('input', show);
    find.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') one('.atlas-found button')?.click();
    });
    window.addEventListener('paperchat:answered', () => data && answered());
    page.corpusMap = map;
    new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && opened()).observe(stage);
  };
})();

// What the page does without asking the server: citations on hovering, copying, choosing whose evidence is shown,
// dialogs, shortcuts, light and dark. Buttons tell by their data what they do (see ui/page/desk.py for `data-do`).
(() => {
  const page = (window.paperchat = window.paperchat || {});
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // A line that is read out and seen for a moment
  const told = element('p', { id: 'told', role: 'status' });
  const tell = (text) => {
    told.textContent = text;
    clearTimeout(tell.later);
    tell.later = setTimeout(() => (told.textContent = ''), 2500);
  };
  page.tell = tell;
  const said = element('p', { id: 'said', className: 'unseen' });
  said.setAttribute('aria-live', 'polite'); // an answer is read out once it is whole

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element('textarea', { value: text });
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
    tell('Copied');
  };

  // Citations: title and quoted sentence beside the marker, on hovering and on focus, gone with Escape
  const tip = element('div', { id: 'tip', role: 'tooltip', hidden: true });
  let owner = null;
  const showTip = (marker) => {
    owner = marker;
    tip.replaceChildren(
      element('strong', { textContent: marker.dataset.title }),
      element('q', { textContent: marker.dataset.quote }),
    );
    tip.hidden = false;
    marker.setAttribute('aria-describedby', 'tip');
    const at = marker.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, window.innerWidth - tip.offsetWidth - 8));
    const below = at.bottom + tip.offsetHeight + 8 < window.innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? at.bottom + 4 : at.top - tip.offsetHeight - 4}px`;
  };
  const hideTip = () => {
    owner?.removeAttribute('aria-describedby');
    owner = null;
    tip.hidden = true;
  };
  const leave = () => setTimeout(() => {
    if (owner && !tip.matches(':hover') && !owner.matches(':hover') && document.activeElement !== owner) hideTip();
  }, 120);

  // Evidence: that of one turn is seen
  const choose = (number) => {
    const chosen = document.getElementById(`e${number}`);
    if (!chosen) return;
    for (const section of all('.evidence-of')) section.hidden = section !== chosen;
    for (const turn of all('.turn')) turn.classList.toggle('chosen', turn.dataset.turn === String(number));
  };
  const follow = (link) => {
    const target = document.getElementById(link.hash.slice(1));
    if (!target) return false;
    const section = target.closest('.evidence-of');
    if (section) choose(section.dataset.turn);
    const folded = target.closest('details');
    if (folded) folded.open = true;
    for (const mark of all('mark.now')) mark.classList.remove('now');
    const mark = link.dataset.start === undefined ? null : one(`mark[data-start="${link.dataset.start}"]`, target);
    mark?.classList.add('now');
    for (const led of all('.led')) led.classList.remove('led');
    target.classList.add('led');
    target.focus({ preventScroll: true });
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    (mark || target).scrollIntoView({ block: mark ? 'center' : 'nearest', behavior: calm ? 'auto' : 'smooth' });
    return true;
  };

  // A dialog with one field or none; gives the text, or null
  const dialog = (title, { field = '', value = '', confirm = 'Save' } = {}) =>
    new Promise((done) => {
      const input = element(field === 'reason' ? 'textarea' : 'input', { value, maxLength: field === 'reason' ? 2000 : 200 });
      input.setAttribute('aria-label', title);
      const cancel = element('button', { type: 'button', textContent: 'Cancel', onclick: () => box.close() });
      const yes = element('button', { type: 'submit', textContent: confirm, className: 'strong' });
      const form = element('form', { method: 'dialog' }, element('h2', { textContent: title }));
      if (field) form.append(input);
      form.append(element('div', { className: 'tools' }, cancel, yes));
      const box = element('dialog', {}, form);
      box.setAttribute('aria-label', title);
      let answer = null;
      form.addEventListener('submit', () => (answer = field ? input.value.trim() : 'yes'));
      box.addEventListener('close', () => { box.remove(); done(answer); });
      document.body.append(box);
      box.showModal();
    });

  const question = () => one('#question textarea');
  const drawer = (open) => {
    const chats = one('#chats');
    if (!chats) return;
    const was = chats.classList.contains('open');
    chats.classList.toggle('open', open ?? !was);
    one('#drawer')?.setAttribute('aria-expanded', String(chats.classList.contains('open')));
    if (was && !chats.classList.contains('open') && chats.contains(document.activeElement)) one('#drawer')?.focus();
    if (!was && chats.classList.contains('open')) one('#find-chat textarea, #find-chat input')?.focus();
  };
  const dark = () => {
    const now = !document.body.classList.contains('dark');
    localStorage.setItem('paperchat-dark', now ? '1' : '0');
    document.body.classList.toggle('dark', now);
  };

  const keysOn = () => localStorage.getItem('paperchat-keys') !== '0';
  const help = () => {
    one('#keys-on').checked = keysOn();
    one('#keys').showModal();
  };

  const OWN = {
    copy: (button) => copy(button.dataset.copy),
    show: (button) => { choose(button.dataset.show); one('#evidence')?.scrollIntoView({ block: 'nearest' }); },
    drawer: () => drawer(),
    dark,
    help,
    rateDown: async (button) => {
      if (button.getAttribute('aria-pressed') === 'true') return page.run('rate', { turn: button.dataset.turn, thumb: 'down' });
      const reason = await dialog('What is wrong with it?', { field: 'reason', confirm: 'Send' });
      if (reason !== null) page.run('rate', { turn: button.dataset.turn, thumb: 'down', reason });
    },
    rename: async (button) => {
      const title = await dialog('Name of the chat', { field: 'name', value: button.dataset.title });
      if (title) page.run('rename_chat', { chat: button.dataset.chat, title });
    },
    remove: async (button) => {
      const yes = await dialog(`Delete “${button.dataset.title}” for good?`, { confirm: 'Delete' });
      if (yes) page.run('delete_chat', { chat: button.dataset.chat });
    },
  };

  let asked = false; // by a button and the keyboard: it goes away, and the focus must not
  document.addEventListener('click', (click) => {
    const marker = click.target.closest('a.marker, ol.nearest a, a.back');
    if (marker && follow(marker)) {
      click.preventDefault();
      hideTip();
      return;
    }
    const button = click.target.closest('button');
    for (const menu of all('details.more[open]')) if (!menu.contains(click.target) || button) menu.open = false;
    if (button && (['ask', 'retry'].includes(button.dataset.do) || button.closest('#ask, #start'))) asked = click.detail === 0;
    for (const [name, act] of Object.entries(OWN)) if (button && name in button.dataset) act(button);
    if (button && ['about', 'edit', 'all_papers', 'within'].includes(button.dataset.do)) setTimeout(() => question()?.focus(), 50);
    if (button?.dataset.do === 'open_chat') drawer(false);
    const turn = click.target.closest('.turn');
    if (turn && !button && !click.target.closest('a')) choose(turn.dataset.turn);
  });
  document.addEventListener('mouseover', (over) => {
    const marker = over.target.closest?.('.marker');
    if (marker) showTip(marker);
  });
  document.addEventListener('mouseout', leave);
  document.addEventListener('focusin', (focus) => (focus.target.matches?.('.marker') ? showTip(focus.target) : leave()));
  document.addEventListener('scroll', hideTip, true);

  document.addEventListener('keydown', (key) => {
    const typing = key.target.matches('input, textarea, select, [contenteditable]');
    if (key.key === 'Escape') {
      if (!tip.hidden) return hideTip();
      if (one('dialog[open]')) return;
      const menu = one('details.more[open]');
      if (menu) {
        menu.open = false;
        one('summary', menu).focus();
      } else if (one('#chats.open')) drawer(false);
      else one('#stop:not(.hidden)')?.click();
    } else if (key.key === 'ArrowUp' && key.target === question() && !key.target.value) {
      all('.turn [data-do="edit"]').at(-1)?.click();
    } else if (keysOn() && !typing && !key.ctrlKey && !key.metaKey && !key.altKey && !one('dialog[open]')) {
      const acts = { '/': () => question()?.focus(), n: () => one('#stop:not(.hidden)') || one('#new')?.click(), h: () => drawer(), '?': OWN.help };
      if (acts[key.key]) {
        key.preventDefault();
        acts[key.key]();
      }
    }
  });

  document.addEventListener('change', (change) => {
    if (change.target.id === 'keys-on') localStorage.setItem('paperchat-keys', change.target.checked ? '1' : '0');
  });

  // What follows from what the server has drawn: the address of a chat, the papers of the last answer
  let chat = '';
  let answered = '';
  let busy = false;
  const LANDMARKS = { chats: ['navigation', 'Chats'], evidence: ['complementary', 'Evidence'] };
  const drawn = () => {
    for (const [id, [role, label]] of Object.entries(LANDMARKS)) {
      const place = document.getElementById(id);
      if (place && !place.role) Object.assign(place, { role, ariaLabel: label });
    }
    const writing = one('.answer[aria-busy="true"]') !== null;
    if (busy && !writing) said.textContent = all('.turn').at(-1)?.querySelector('.answer').innerText ?? '';
    busy = writing;
    if (asked && document.activeElement === document.body) {
      asked = false;
      question()?.focus();
    }
    const now = one('[data-current-chat]')?.dataset.currentChat ?? chat;
    if (now !== chat) {
      chat = now;
      history.replaceState(null, '', now ? `?chat=${encodeURIComponent(now)}` : location.pathname);
    }
    const last = all('.turn').at(-1)?.dataset.papers ?? '[]';
    if (last !== answered) {
      answered = last;
      page.answered = JSON.parse(last);
      window.dispatchEvent(new CustomEvent('paperchat:answered'));
    }
  };

  const colour = () => { // Gradio has its own idea of it once it is there
    const chosen = localStorage.getItem('paperchat-dark');
    const now = document.body.classList.contains('dark');
    if (chosen !== null && now !== (chosen === '1')) document.body.classList.toggle('dark', !now);
  };
  const begin = () => {
    colour();
    new MutationObserver(colour).observe(document.body, { attributes: true, attributeFilter: ['class'] });
    document.body.append(tip, told, said);
    new MutationObserver(drawn).observe(document.body, { childList: true, subtree: true });
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
})();

// A map of papers on a canvas: points, groups with names, moving and zooming. Knows nothing of the server.
// paperchat.drawMap(canvas, tip, { open }) gives what a view does with it; `open` gets the place of a clicked paper.
(() => {
  const page = (window.paperchat = window.paperchat || {});
  const COLOURS = 12;
  const MARGIN = { left: 30, right: 66, top: 30, bottom: 44 }; // right of the points are the buttons, below the legend
  const CLOSEST = 24;

  page.drawMap = (canvas, tip, { open }) => {
    const context = canvas.getContext('2d');
    let data = null; // as the server sends it
    let middles = []; // of each group
    let only = null; // a set of places that stand out, or all
    let answered = new Set();
    let chosen = -1;
    let hovered = -1;
    let view = { scale: 1, x: 0, y: 0 }; // a point of the map, 0 to 1, stands at x + point * width * scale
    let colours = {};
    let width = 0;
    let height = 0;
    let due = false;

    const place = (at) => {
      const [x, y] = data.points[at];
      return spot(x, y);
    };
    const spot = (x, y) => [
      view.x + (MARGIN.left + x * (width - MARGIN.left - MARGIN.right)) * view.scale,
      view.y + (MARGIN.top + y * (height - MARGIN.top - MARGIN.bottom)) * view.scale,
    ];

    const readColours = () => {
      const style = getComputedStyle(canvas);
      const of = (name) => style.getPropertyValue(name).trim();
      colours = { ink: of('--ink'), card: of('--card'), ring: of('--map-ring'), soft: of('--soft') };
      colours.groups = Array.from({ length: COLOURS }, (_, at) => of(`--group-${at}`));
      colours.font = style.fontFamily;
    };

    const draw = () => {
      due = false;
      if (!data || !width) return;
      const ratio = window.devicePixelRatio || 1;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      const crowd = Math.min(1, Math.sqrt(1500 / Math.max(1, data.points.length)));
      const radius = Math.max(1.6, 4 * crowd) * Math.min(2, Math.sqrt(view.scale));
      const stands = (at) => !only || only.has(at);
      for (const out of [false, true]) {
        context.globalAlpha = out ? 0.9 : 0.16;
        for (let at = 0; at < data.points.length; at++) if (stands(at) === out) dot(at, radius);
      }
      context.globalAlpha = 1;
      for (const at of answered) ring(at, radius + 4, colours.ring, 2.5);
      if (hovered >= 0) ring(hovered, radius + 3, colours.ink, 1.5);
      if (chosen >= 0) {
        ring(chosen, radius + 3, colours.ink, 3);
        ring(chosen, radius + 6, colours.card, 1.5);
      }
      names();
    };

    const dot = (at, radius) => {
      const [x, y] = place(at);
      if (x < -9 || y < -9 || x > width + 9 || y > height + 9) return;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = colours.groups[data.groups[at] % COLOURS];
      context.fill();
    };

    const ring = (at, radius, colour, line) => {
      const [x, y] = place(at);
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = line;
      context.stroke();
    };

    // Names of the groups, the largest first; one that would cover another one moves up or down, or waits for zooming
    const names = () => {
      const size = width < 500 ? 11 : 13;
      context.font = `600 ${size}px ${colours.font}`;
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      const taken = [];
      middles.forEach(([mx, my], group) => {
        const words = data.names[group].split(', ');
        const name = (width < 500 ? words.slice(0, 2) : words).join(', ');
        const half = context.measureText(name).width / 2 + 4;
        const [cx, cy] = spot(mx, my);
        if (cx < 0 || cy < 0 || cx > width || cy > height) return;
        const x = Math.max(half, Math.min(width - half, cx));
        for (const by of [0, -1, 1, -2, 2]) {
          const y = cy + by * (size + 4);
          const clear = taken.every(([ox, oy, other]) => Math.abs(x - ox) > half + other || Math.abs(y - oy) > size + 3);
          if (!clear) continue;
          taken.push([x, y, half]);
          context.lineJoin = 'round';
          context.lineWidth = 4;
          context.strokeStyle = colours.card;
          context.strokeText(name, x, y);
          context.fillStyle = colours.ink;
          context.fillText(name, x, y);
          return;
        }
      });
    };

    const redraw = () => {
      if (!due) requestAnimationFrame(draw);
      due = true;
    };

    const measure = () => {
      const box = canvas.getBoundingClientRect();
      if (!box.width) return;
      if (width) {
        view.x *= box.width / width;
        view.y *= box.height / height;
      }
      width = box.width;
      height = box.height;
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      redraw();
    };

    const moveBy = (x, y) => {
      view.x += x;
      view.y += y;
      keepInView();
      redraw();
    };
    const keepInView = () => {
      const most = (size) => size * (view.scale - 1);
      view.x = Math.min(0, Math.max(-most(width), view.x));
      view.y = Math.min(0, Math.max(-most(height), view.y));
      canvas.style.touchAction = view.scale > 1 ? 'none' : 'pan-y';
    };
    const zoom = (factor, x = width / 2, y = height / 2) => {
      const scale = Math.min(CLOSEST, Math.max(1, view.scale * factor));
      const by = scale / view.scale;
      view = { scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
      keepInView();
      hover(-1);
      redraw();
    };
    const all = () => {
      view = { scale: 1, x: 0, y: 0 };
      keepInView();
      redraw();
    };
    // Bring a paper into view that lies outside of it
    const seek = (at) => {
      const [x, y] = place(at);
      if (x > 20 && y > 20 && x < width - 20 && y < height - 20) return;
      moveBy(width / 2 - x, height / 2 - y);
    };

    const nearest = (x, y, reach) => {
      let best = -1;
      let least = reach * reach;
      for (let at = 0; at < data.points.length; at++) {
        if (only && !only.has(at)) continue;
        const [px, py] = place(at);
        const far = (px - x) ** 2 + (py - y) ** 2;
        if (far < least) [best, least] = [at, far];
      }
      return best;
    };

    const hover = (at) => {
      hovered = at;
      tip.hidden = at < 0;
      canvas.style.cursor = at < 0 ? '' : 'pointer';
      if (at >= 0) {
        tip.textContent = data.titles[at];
        const [x, y] = place(at);
        tip.style.left = `${Math.max(4, Math.min(x + 10, width - tip.offsetWidth - 4))}px`;
        tip.style.top = `${y + 14 + tip.offsetHeight < height ? y + 14 : Math.max(4, y - tip.offsetHeight - 12)}px`;
      }
      redraw();
    };

    // Fingers and mouse: one moves, two zoom, a short touch opens
    const down = new Map();
    let moved = 0;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (!data || event.button) return;
      canvas.setPointerCapture(event.pointerId);
      if (!down.size) moved = 0;
      down.set(event.pointerId, at(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!data) return;
      const now = at(event);
      const before = down.get(event.pointerId);
      if (!before) {
        const found = nearest(...now, 10);
        if (found !== hovered) hover(found);
        return;
      }
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const far = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
        zoom(far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
        moved = 99;
      } else {
        moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
        if (moved > 4) {
          hover(-1);
          moveBy(now[0] - before[0], now[1] - before[1]);
        }
      }
      down.set(event.pointerId, now);
    });
    canvas.addEventListener('pointerup', (event) => {
      if (!down.delete(event.pointerId) || moved > 4) return;
      const found = nearest(...at(event), event.pointerType === 'touch' ? 20 : 10);
      if (found >= 0) open(found);
    });
    canvas.addEventListener('pointercancel', (event) => down.delete(event.pointerId));
    canvas.addEventListener('pointerleave', () => hover(-1));
    canvas.addEventListener(
      'wheel',
      (event) => {
        if (!data || (event.deltaY > 0 && view.scale === 1)) return; // nothing left to zoom: the page may scroll
        event.preventDefault();
        zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...at(event));
      },
      { passive: false },
    );
    const STEP = 60;
    const KEYS = {
      ArrowLeft: () => moveBy(STEP, 0),
      ArrowRight: () => moveBy(-STEP, 0),
      ArrowUp: () => moveBy(0, STEP),
      ArrowDown: () => moveBy(0, -STEP),
      '+': () => zoom(1.5),
      '-': () => zoom(1 / 1.5),
      0: all,
    };
    canvas.addEventListener('keydown', (event) => {
      if (!data || !KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      KEYS[event.key]();
    });

    new ResizeObserver(measure).observe(canvas);
    const recolour = () => {
      readColours();
      redraw();
    };
    new MutationObserver(recolour).observe(document.body, { attributes: true, attributeFilter: ['class'] });
    readColours();

    // Points that fill the map in both directions: how far apart they are in one says nothing in t-SNE
    const spread = (points) => {
      const ends = [0, 1].map((axis) => {
        const all = points.map((point) => point[axis]);
        const low = all.reduce((least, each) => Math.min(least, each), 1);
        return [low, all.reduce((most, each) => Math.max(most, each), 0) - low];
      });
      return points.map((point) => ends.map(([low, wide], axis) => (wide ? (point[axis] - low) / wide : 0.5)));
    };
    const centres = () =>
      data.names.map((_, group) => {
        const of = data.points.filter((_, at) => data.groups[at] === group);
        const middle = (axis) => of.map((point) => point[axis]).sort((a, b) => a - b)[of.length >> 1];
        return [middle(0), middle(1)];
      });

    return {
      set: (papers) => {
        data = { ...papers, points: spread(papers.points) };
        middles = centres();
        [chosen, hovered, only, answered] = [-1, -1, null, new Set()];
        tip.hidden = true;
        measure();
      },
      only: (places) => { only = places; redraw(); },
      answered: (places) => { answered = new Set(places); redraw(); },
      choose: (paper) => { chosen = paper; if (paper >= 0) seek(paper); redraw(); },
      hover: (paper) => { if (paper >= 0) seek(paper); hover(paper); },
      zoom,
      all,
      hovered: () => hovered,
      title: (at) => data.titles[at],
      spot: place,
    };
  };
})();

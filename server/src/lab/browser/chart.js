// The chart: the last minute of all clocks, one line per clock and one dot per tick.

import { shape } from "./page.js";

const NAMES = 140;
const LINE = 36;
const TOP = 16;
const MINUTE = 60_000;
/** Deviation in milliseconds that puts a dot at the edge of its line. */
const MOST = 500;
const REACH = 13;

export class Chart {
  lines = [];

  constructor(svg) {
    this.svg = svg;
  }

  add(clock, name, transport) {
    const middle = TOP + this.lines.length * LINE + LINE / 2;
    const label = shape("text", { x: 0, y: middle + 4 });
    label.textContent = name;
    const axis = shape("line", { x1: NAMES, x2: "100%", y1: middle, y2: middle });
    const dots = shape("g", { class: `way-${transport}` });
    this.svg.append(label, axis, dots);
    this.lines.push({ clock, dots, middle });
  }

  /** Redraws while a clock runs. */
  follow() {
    this.timer ??= setInterval(() => {
      this.draw();
      if (!this.lines.some(({ clock }) => clock.running)) {
        clearInterval(this.timer);
        this.timer = undefined;
      }
    }, 500);
  }

  draw() {
    const now = performance.now();
    const width = this.svg.clientWidth - NAMES - 4;
    for (const { clock, dots, middle } of this.lines) {
      // The first tick comes at once, so the interval to the next one is not a second.
      const recent = clock.arrivals.map((at, n, all) => [at, n > 1 ? at - all[n - 1] - 1000 : 0]).slice(-70);
      const shown = recent.filter(([at]) => now - at < MINUTE);
      dots.replaceChildren(
        ...shown.map(([at, late]) => {
          const x = NAMES + width * (1 - (now - at) / MINUTE);
          const off = Math.max(-1, Math.min(1, late / MOST)) * REACH;
          return shape("circle", { cx: x.toFixed(1), cy: (middle - off).toFixed(1), r: 2.5 });
        }),
      );
    }
  }
}

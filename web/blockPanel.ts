import { severityChart } from './chart.js';
import { byId } from './dom.js';
import { draw } from './player.js';
import type { BlockRow, RunState } from './runState.js';
import { numbersOf, type Trimming } from './words.js';

/** Least width of a block's column in pixels; a longer video is scrolled. */
const LEAST_PITCH = 44;

const HEADS = [
  'Block',
  'Severity',
  'Threshold',
  'Mean',
  'Deviation',
  'Made',
  'New severity',
  'Tokens removed',
  'Seconds',
];

/** The blocks of a run: their severities, a picture of each, and every number as a table. */
export class BlockPanel {
  #scroll = byId('scroll');
  #chart = byId('chart');
  #thumbs = byId('thumbs');
  #numbers = byId('numbers');
  #run: RunState | undefined;
  #trimming: Trimming = { warmup: 0, sensitivity: 0 };
  #selected: number | undefined;
  #width = 0;
  #shown = '';

  /** @param onSelect told of a block that is asked for */
  constructor(onSelect: (row: BlockRow) => void) {
    const rowAt = (target: EventTarget | null) => {
      const block = (target as Element | null)?.closest<SVGElement | HTMLElement>('[data-block]')?.dataset.block;
      return this.#run?.rows.find((row) => String(row.block) === block);
    };
    for (const place of [this.#chart, this.#thumbs]) {
      place.addEventListener('click', ({ target }) => {
        const row = rowAt(target);
        if (row) onSelect(row);
      });
      for (const kind of ['pointerover', 'focusin'])
        place.addEventListener(kind, ({ target }) => this.#tell(rowAt(target)));
      for (const kind of ['pointerleave', 'focusout']) place.addEventListener(kind, () => this.#tell(undefined));
    }
    new ResizeObserver(() => {
      if (this.#scroll.clientWidth !== this.#width) this.#render();
    }).observe(this.#scroll);
  }

  /** Shows a run as it is, one block of which is looked at. */
  show(
    run: RunState | undefined,
    selected: number | undefined,
    trimming: Trimming & { readonly fraction: number },
  ): void {
    const state = JSON.stringify([run?.blocks, run?.rows.length, run?.pictures.length, selected, trimming]);
    if (run === this.#run && state === this.#shown) return; // a call more changes nothing here
    this.#run = run;
    this.#shown = state;
    this.#selected = selected;
    this.#trimming = trimming;
    const isMeasured = run?.rows.some(({ decision }) => decision?.severity != null) ?? false;
    const share = `severity: how far the ${Math.round(trimming.fraction * 100)} % of its tokens that moved most went`;
    byId('measure').textContent = share;
    const key = byId('key');
    key.hidden = !isMeasured;
    key.innerHTML =
      '<svg width="30" height="8" aria-hidden="true"><path d="M0 4h30" stroke="var(--muted)" stroke-width="1.25" ' +
      `stroke-dasharray="4 4"/></svg> too much: above mean + ${trimming.sensitivity}σ so far`;
    this.#render();
    this.#tell(undefined);
    this.#table();
  }

  #render(): void {
    const run = this.#run;
    const blocks = run?.blocks ?? 0;
    this.#width = this.#scroll.clientWidth;
    const room = this.#width - 4;
    const width = Math.max(room, blocks * LEAST_PITCH);
    this.#chart.innerHTML = severityChart(run?.rows ?? [], blocks, this.#selected, this.#trimming, {
      width,
      isWide: width / Math.max(1, blocks) >= 60,
    });
    this.#thumbs.style.width = `${width}px`;
    this.#fillThumbs(run, blocks);
    if (this.#selected !== undefined && width > room) this.#reveal(((this.#selected + 0.5) * width) / blocks);
  }

  /** Scrolls as little as brings a place into sight. */
  #reveal(x: number): void {
    const { scrollLeft, clientWidth } = this.#scroll;
    const most = x - LEAST_PITCH;
    const least = x + LEAST_PITCH - clientWidth;
    if (scrollLeft > most || scrollLeft < least) this.#scroll.scrollLeft = scrollLeft > most ? most : least;
  }

  #fillThumbs(run: RunState | undefined, blocks: number): void {
    while (this.#thumbs.children.length > blocks) this.#thumbs.lastElementChild?.remove();
    while (this.#thumbs.children.length < blocks) this.#thumbs.append(document.createElement('button'));
    for (const [index, child] of [...this.#thumbs.children].entries()) {
      const button = child as HTMLButtonElement;
      const row = run?.rows.find(({ block }) => block === index);
      const state = `${index} ${row?.firstPicture} ${row?.pictures}`;
      button.setAttribute('aria-current', String(index === this.#selected));
      if (button.dataset.state === state && row) continue;
      button.dataset.state = state;
      button.dataset.block = String(index);
      button.type = 'button';
      button.className = 'thumb';
      button.disabled = row === undefined;
      button.setAttribute('aria-label', `Block ${index}`);
      const canvas = document.createElement('canvas');
      const last = row && run?.pictures[row.firstPicture + row.pictures - 1];
      const { width, height } = run?.plan?.pixel ?? { width: 1, height: 1 };
      canvas.width = width;
      canvas.height = height;
      canvas.className = last ? '' : 'empty';
      if (last) draw(canvas, last);
      button.replaceChildren(canvas, String(index));
    }
  }

  /** The numbers of the block that is pointed at, else of the one that is looked at. */
  #tell(pointed: BlockRow | undefined): void {
    const row = pointed ?? this.#run?.rows.find(({ block }) => block === this.#selected);
    this.#numbers.textContent = row ? numbersOf(row) : '';
  }

  #table(): void {
    const rows = this.#run?.rows ?? [];
    byId('every').hidden = rows.length === 0;
    const line = (cells: readonly string[], kind: 'th' | 'td') => {
      const made = document.createElement('tr');
      for (const [index, text] of cells.entries()) {
        const cell = document.createElement(index === 0 ? 'th' : kind);
        cell.textContent = text;
        if (kind === 'th' || index === 0) (cell as HTMLTableCellElement).scope = kind === 'th' ? 'col' : 'row';
        made.append(cell);
      }
      return made;
    };
    const [head, body] = [document.createElement('thead'), document.createElement('tbody')];
    head.append(line(HEADS, 'th'));
    body.append(...rows.map((row) => line(cellsOf(row), 'td')));
    byId('table').replaceChildren(head, body);
  }
}

function cellsOf({ block, decision, seconds }: BlockRow): string[] {
  const number = (value: number | null | undefined) => value?.toFixed(4) ?? '-';
  const removed = decision?.triggered ? (decision.unstable?.join(', ') ?? '') : '-';
  return [
    String(block),
    ...[decision?.severity, decision?.threshold, decision?.mean, decision?.std].map(number),
    decision?.triggered ? `${decision.attempts} times` : 'once',
    number(decision?.severityAfter),
    removed,
    seconds.toFixed(1),
  ];
}

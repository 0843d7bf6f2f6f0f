import { createGenerator, type ModelPlace, type OpenedModel, TokenTrimError } from '../src/web/index.js';
import { BlockPanel } from './blockPanel.js';
import { byId, write } from './dom.js';
import { addressOf, fillForm, requestOf, trimmingOf, watchForm } from './form.js';
import { listenToKeys } from './keys.js';
import { Player } from './player.js';
import { type BlockRow, RunState } from './runState.js';
import { followTheme } from './theme.js';
import { anotherPrompt, FIRST_PROMPT, TOY_HINT } from './toyPrompts.js';
import { sayOf, stageOf, titleOf } from './words.js';

const address = () => new URLSearchParams(location.search);
const [start, stop] = [byId<HTMLButtonElement>('start'), byId<HTMLButtonElement>('stop')];

const worker = new Worker(new URL('../src/web/worker.ts', import.meta.url), { type: 'module' });
const generator = createGenerator(worker);

let opened: OpenedModel | undefined;
let run: RunState | undefined;
let trimming = trimmingOf();
let stopper: AbortController | undefined;
let selected: number | undefined; // that somebody chose; else the latest, and of a finished run the most telling one

const player = new Player(() => {});
const panel = new BlockPanel(look);

/** Looks at a block: at its first picture, its numbers, and what is said of it. */
function look(row: BlockRow): void {
  selected = row.block;
  player.seek(row.firstPicture);
  render();
}

/** The same for the one that is so many further on. */
function lookFurther(by: number): void {
  const rows = run?.rows ?? [];
  const row = rows[rows.indexOf(rowToShow() as BlockRow) + by];
  if (row) look(row);
}

function rowToShow(): BlockRow | undefined {
  const rows = run?.rows ?? [];
  const chosen = rows.find(({ block }) => block === selected);
  const told = run?.isGoingOn ? undefined : rows.find(({ decision }) => decision?.triggered);
  return chosen ?? told ?? rows.at(-1);
}

function render(): void {
  const row = rowToShow();
  const title = titleOf(run, row, trimming);
  if (byId('title').textContent !== title) byId('title').textContent = title;
  write(byId('say'), sayOf(run, row, trimming));
  start.disabled = opened === undefined || run?.isGoingOn === true;
  stop.disabled = run?.phase !== 'running';
  byId('stage').textContent = opened || run ? stageOf(run) : 'opening the model';
  const progress = byId<HTMLProgressElement>('progress');
  progress.max = Math.max(1, run?.allCalls ?? 1);
  progress.value = run?.calls ?? 0;
  byId('calls').textContent = run?.plan ? `${run.calls} of ${run.allCalls}` : 'none yet';
  const seconds = run?.rows.map((each) => each.seconds) ?? [];
  const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
  byId('pace').textContent = seconds.length > 0 ? `${mean.toFixed(1)} s` : '-';
  panel.show(run, row?.block, trimming);
}

async function open(place: ModelPlace): Promise<void> {
  opened = undefined;
  showError(undefined);
  render();
  try {
    opened = await generator.open(place);
    const { name, sampling } = opened.config;
    const { width, height, fps } = sampling;
    byId('what').textContent = `${name} · ${width} × ${height} pixels, ${fps} a second`;
    byId('adapter').textContent = opened.adapter.name;
    byId('note').textContent = opened.adapter.note ?? '';
    byId('note').hidden = opened.adapter.note === undefined;
    const isToy = name === 'toy-world';
    byId('hint').hidden = !isToy;
    byId('knows').textContent = TOY_HINT;
  } catch (error) {
    byId('what').textContent = 'no model';
    showError(error);
  }
  render();
}

async function generate(): Promise<void> {
  if (!opened || run?.isGoingOn) return;
  showError(undefined);
  history.replaceState(null, '', `?${addressOf(address())}`);
  trimming = trimmingOf();
  selected = undefined;
  stopper = new AbortController();
  const { signal } = stopper;
  const going = new RunState();
  run = going;
  player.begin(going.pictures);
  render();
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  byId('pic').scrollIntoView({ block: 'nearest', behavior: isCalm ? 'auto' : 'smooth' });
  try {
    for await (const event of generator.run(requestOf(address()), { signal })) {
      going.take(event);
      if (event.kind === 'stage') player.expect(event.plan);
      if (event.kind === 'frames') player.grow();
      render();
    }
    going.phase = signal.aborted ? 'stopped' : 'finished';
  } catch (error) {
    going.phase = 'failed';
    showError(error);
  }
  player.end();
  render();
}

function showError(error: unknown): void {
  const place = byId('error');
  place.hidden = error === undefined;
  if (error === undefined) place.textContent = '';
  else if (error instanceof TokenTrimError) place.textContent = error.message;
  else
    place.textContent = `Something went wrong that should not have: ${error instanceof Error ? error.message : error}`;
}

byId('form').onsubmit = (event) => {
  event.preventDefault();
  void generate();
};
byId('prompt').onkeydown = (event) => {
  if (event.key !== 'Enter' || event.shiftKey) return;
  event.preventDefault();
  void generate();
};
stop.onclick = () => {
  if (run?.phase !== 'running') return;
  run.phase = 'stopping';
  stopper?.abort();
  render();
};
byId('another').onclick = () => {
  byId<HTMLTextAreaElement>('prompt').value = anotherPrompt();
};
const files = byId<HTMLInputElement>('files');
files.onchange = () => {
  if (files.files?.length) void open({ files: [...files.files] });
  files.value = '';
};

listenToKeys({
  ArrowLeft: () => lookFurther(-1),
  ArrowRight: () => lookFurther(1),
  ',': () => player.step(-1),
  '.': () => player.step(1),
  ' ': () => player.toggle(),
  t: () => byId('theme').click(),
});

followTheme();
fillForm(address());
if (byId<HTMLTextAreaElement>('prompt').value === '') byId<HTMLTextAreaElement>('prompt').value = FIRST_PROMPT;
watchForm();
trimming = trimmingOf();
void open({ url: address().get('model') ?? 'toy-world/' });

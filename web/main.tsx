import { render } from 'preact';
import {
  createGenerator,
  type ModelPlace,
  type OpenedModel,
  type Pace,
  type PostedRequest,
  TokenTrimError,
} from '../src/web/index.js';
import { byId } from './dom.js';
import { addressOf, fillForm, requestOf, runNameOf, watchForm } from './form.js';
import { LiveRun } from './live/liveRun.js';
import { stageOf, statusOf } from './live/status.js';
import { anotherPrompt, FIRST_PROMPT, TOY_HINT } from './toyPrompts.js';
import { followTheme, toggleTheme } from './viewer/parts/theme.js';
import { Viewer } from './viewer/viewer.jsx';

const address = () => new URLSearchParams(location.search);
const [start, stop] = [byId<HTMLButtonElement>('start'), byId<HTMLButtonElement>('stop')];

const worker = new Worker(new URL('../src/web/worker.ts', import.meta.url), { type: 'module' });
const generator = createGenerator(worker);

let opened: OpenedModel | undefined;
let runs: readonly LiveRun[] = []; // that are shown, the first before the one beside it
let run: LiveRun | undefined; // the one that is made, or was made last
let stopper: AbortController | undefined;
let count = 0;
let isPaused = false;

function tell(): void {
  const isGoingOn = run?.isGoingOn === true;
  const [title, say] = statusOf(run);
  put('title', title);
  put('say', say);
  start.disabled = opened === undefined || isGoingOn;
  stop.disabled = run?.phase !== 'running';
  byId<HTMLButtonElement>('pause').disabled = byId<HTMLButtonElement>('call').disabled = run?.phase !== 'running';
  put('pause', isPaused ? 'Go on' : 'Pause');
  put('stage', opened || run ? `${stageOf(run)}${isPaused && isGoingOn ? ', paused' : ''}` : 'opening the model');
  const progress = byId<HTMLProgressElement>('progress');
  const { begin, calls = 0, blocks = [] } = run?.trace ?? {};
  progress.max = Math.max(1, begin?.video.calls ?? 1);
  progress.value = calls;
  put('calls', begin ? `${calls} of ${begin.video.calls}` : 'none yet');
  const seconds = blocks.flatMap(({ accepted }) => (accepted ? [accepted.seconds] : []));
  const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
  put('pace', seconds.length > 0 ? `${mean.toFixed(1)} s` : '-');
}

/** What is written again, a screen reader says again. */
function put(id: string, text: string): void {
  const place = byId(id);
  if (place.textContent !== text) place.textContent = text;
}

async function open(place: ModelPlace): Promise<void> {
  opened = undefined;
  showError(undefined);
  tell();
  try {
    opened = await generator.open(place);
    const { name, sampling } = opened.config;
    put('what', `${name} · ${sampling.width} × ${sampling.height} pixels, ${sampling.fps} a second`);
    put('adapter', opened.adapter.name);
    put('note', opened.adapter.note ?? '');
    byId('note').hidden = opened.adapter.note === undefined;
    byId('hint').hidden = name !== 'toy-world';
    put('knows', TOY_HINT);
  } catch (error) {
    put('what', 'no model');
    showError(error);
  }
  tell();
}

/** Makes what the form asks for, and the baseline after it where that is asked for too. */
async function generate(): Promise<void> {
  if (!opened || run?.isGoingOn) return;
  showError(undefined);
  history.replaceState(null, '', `?${addressOf(address())}`);
  stopper = new AbortController();
  const request = requestOf(address());
  count++;
  const first = new LiveRun(`${runNameOf(request)} ${count}`);
  show([first]);
  const isWhole = await make(first, request);
  const { trim } = request;
  const wantsBaseline = byId<HTMLInputElement>('beside').checked && request.preset !== 'wan';
  if (!isWhole || !wantsBaseline || !trim) return;
  const baseline = new LiveRun(`off ${count}`);
  show([first, baseline]);
  location.hash = new URLSearchParams({ compare: baseline.name }).toString();
  await make(baseline, { ...request, trim: { ...trim, maxRegenerations: 0 } }); // measured alike, and never made again
}

function pace(how: Pace): void {
  isPaused = how !== 'go';
  generator.pace(how);
  tell();
}

async function make(going: LiveRun, request: PostedRequest): Promise<boolean> {
  run = going;
  pace('go');
  const signal = stopper?.signal;
  const end = going.listen(tell);
  tell();
  try {
    for await (const event of generator.run({ ...request, trace: true }, { signal })) going.post(event);
    going.finish(signal?.aborted ? 'stopped' : 'finished');
  } catch (error) {
    going.finish('failed');
    byId('viewer').hidden = going.trace.begin === undefined; // there is nothing of it to look at
    showError(error);
  }
  end();
  return going.phase === 'finished';
}

function show(list: readonly LiveRun[]): void {
  runs = list;
  byId('viewer').hidden = false;
  render(<Viewer key={count} runs={runs} isPart />, byId('viewer'));
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
  tell();
};
byId('pause').onclick = () => pace(isPaused ? 'go' : 'pause');
byId('call').onclick = () => pace('step');
byId('another').onclick = () => {
  byId<HTMLTextAreaElement>('prompt').value = anotherPrompt();
};
const files = byId<HTMLInputElement>('files');
files.onchange = () => {
  if (files.files?.length) void open({ files: [...files.files] });
  files.value = '';
};
byId('theme').onclick = toggleTheme;

followTheme();
fillForm(address());
if (byId<HTMLTextAreaElement>('prompt').value === '') byId<HTMLTextAreaElement>('prompt').value = FIRST_PROMPT;
watchForm();
void open({ url: address().get('model') ?? 'toy-world/' });

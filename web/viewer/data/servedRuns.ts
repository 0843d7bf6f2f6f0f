import { damageWords } from '../../../src/trace/readTrace.js';
import { byteFiles } from './byteFiles.js';
import { Run } from './run.js';

/** Milliseconds between looks at a run that is going on; longer where nothing comes. */
const LOOK_MS = 500;
const LONGEST_LOOK_MS = 4000;

/** Silence after which a run that has no end may have been cut off. */
const SILENCE_MS = 60_000;

/**
 * Runs that a server has beside the page: `traces.json` names them, and each has a folder of its name.
 * @throws where there is no server, or it has no list
 */
export async function servedRuns(): Promise<readonly Run[]> {
  const answer = await fetch('./traces.json');
  if (!answer.ok) throw new Error(`traces.json: ${answer.status}`);
  const list = (await answer.json()) as readonly { readonly name: string }[];
  return list.map(({ name }) => {
    const at = (file: string) => `./${encodeURIComponent(name)}/${file.split('/').map(encodeURIComponent).join('/')}`;
    const run = new Run(
      name,
      byteFiles(async (file) => {
        const got = await fetch(at(file));
        if (!got.ok) throw new Error(`${file} is not there (${got.status})`);
        return new Uint8Array(await got.arrayBuffer());
      }),
    );
    void follow(run, at('events.jsonl'));
    return run;
  });
}

/** Reads what there is, and what is added, until the run has its end. */
async function follow(run: Run, address: string): Promise<void> {
  const decoder = new TextDecoder();
  let read = 0;
  let pause = LOOK_MS;
  let grew = 0; // when something came that was not there at first; 0 before
  const start = performance.now();
  while (!run.isWhole) {
    const bytes = await bytesFrom(address, read);
    if (typeof bytes === 'string') {
      if (read === 0) run.fail(bytes);
      else run.problem = `the server does not answer (${bytes}): what was read is shown`;
      run.tell();
      pause = LONGEST_LOOK_MS;
    } else {
      if (bytes.length > 0 && read > 0) grew = performance.now();
      read += bytes.length;
      if (bytes.length > 0) run.read(decoder.decode(bytes, { stream: true }));
      pause = bytes.length > 0 ? LOOK_MS : Math.min(2 * pause, LONGEST_LOOK_MS);
    }
    if (!run.isWhole) sayHowItGoes(run, grew > 0, performance.now() - Math.max(grew, start));
    if (!run.isWhole) await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** A trace without an end: whether its run goes on is seen by looking again. */
function sayHowItGoes(run: Run, hasGrown: boolean, silence: number): void {
  if (run.trace.count === 0 || run.problem?.startsWith('the server')) return;
  const damage = run.trace.damaged.length > 0 ? `${damageWords(run.trace.damaged)}; ` : '';
  const said =
    silence > SILENCE_MS
      ? `${damage}Nothing has come for a minute: a call of this run takes long, or it was cut off.`
      : hasGrown
        ? `${damage}The run is going on.`
        : run.problem;
  if (said === run.problem) return;
  run.problem = said;
  run.tell();
}

/** Bytes from a place on; none where there are no more, a sentence where it failed. */
async function bytesFrom(address: string, from: number): Promise<Uint8Array | string> {
  try {
    const answer = await fetch(address, from > 0 ? { headers: { Range: `bytes=${from}-` }, cache: 'no-store' } : {});
    if (answer.status === 416) return new Uint8Array();
    if (!answer.ok) return `${address}: ${answer.status}`;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return answer.status === 206 || from === 0 ? bytes : bytes.subarray(from); // a server without ranges sends all
  } catch (error) {
    return String(error);
  }
}

import { Run } from '../../../web/viewer/data/run.js';
import { linesOf, type MadeRun, madeTrace } from '../support/madeTrace.js';

const nothing = () => Promise.reject(new Error('no files here'));

/** A made-up run as the viewer has it, without files. */
export function runOf(made: MadeRun = {}, name = 'run'): Run {
  const run = new Run(name, { tensor: nothing, image: nothing });
  run.read(linesOf(madeTrace({ side: 8, ...made }).events));
  return run;
}

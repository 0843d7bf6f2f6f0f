import { render } from 'preact';
import { embeddedRuns } from './data/embeddedRuns.js';
import { Run } from './data/run.js';
import { servedRuns } from './data/servedRuns.js';
import { Boundary } from './parts/boundary.jsx';
import { followTheme } from './parts/theme.js';
import { Viewer } from './viewer.jsx';

followTheme();
render(
  <Boundary>
    <Viewer runs={await findRuns()} />
  </Boundary>,
  document.getElementById('app') as HTMLElement,
);

/** Runs in the page, else beside it; a sentence where there are none. */
async function findRuns(): Promise<readonly Run[]> {
  try {
    const embedded = embeddedRuns(document.getElementById('trace')?.textContent ?? '');
    if (embedded.length > 0) return embedded;
    const served = await servedRuns();
    if (served.length > 0) return served;
    return [withProblem('there is no trace here')];
  } catch (error) {
    return [withProblem(`no trace was found: ${error instanceof Error ? error.message : error}`)];
  }
}

function withProblem(problem: string): Run {
  const nothing = () => Promise.reject(new Error(problem));
  const run = new Run('', { tensor: nothing, image: nothing });
  run.fail(problem);
  return run;
}

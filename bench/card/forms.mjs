// Forms that multiply by a card's own matrices, in many shapes: each is compared with its float64 twin on small problems with
// edges, then timed at the sizes of Wan2.1-1.3B at 832x480. Groups of shapes run in a process of their own with a limit, so
// that one that hangs or crashes takes no other along; what was found is written after every line.
//   node bench/card/forms.mjs <root of the program> <file.json> [--small] [--seconds N] [--groups a,b]
// Time is the wall's over many launches and one wait, so that it needs no time stamps.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ASKED, GROUPS } from './groups.mjs';

const [root, file, ...flags] = process.argv.slice(2);
const given = (name, otherwise) => (flags.includes(name) ? flags[flags.indexOf(name) + 1] : otherwise);
const small = flags.includes('--small');
const seconds = Number(given('--seconds', 120));
const asked = given('--groups', ASKED.join()).split(',');
const began = performance.now();
const left = () => seconds - (performance.now() - began) / 1e3;
const found = [];

for (const name of asked) {
  const { limit, toggles = '' } = GROUPS[name];
  const room = Math.min(limit * (small ? 6 : 1), left());
  if (room < 4) {
    found.push({ group: name, kind: 'skipped' });
    console.error(`${name}: no time left`);
    continue;
  }
  const status = await runGroup(name, room, toggles);
  if (status !== 0) console.error(`${name}: ended with ${status}`);
  found.push({ group: name, kind: 'end', status });
  save();
}
save();
process.exit(0);

function save() {
  writeFileSync(file, `${JSON.stringify(found)}\n`);
}

/** Runs a group and notes every line that it prints. */
function runGroup(name, room, toggles) {
  const script = fileURLToPath(new URL('./runGroup.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, root, name, String(room - 2), ...(small ? ['--small'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TOKENTRIM_BENCH_TOGGLES: toggles },
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    try {
      found.push({ group: name, ...JSON.parse(line) });
      save();
    } catch {
      console.error(line);
    }
  });
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), room * 1e3);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(code ?? signal);
    });
  });
}

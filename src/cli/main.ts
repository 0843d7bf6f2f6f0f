import { setFlagsFromString } from 'node:v8';
import { withHyphens } from './aliases.js';
import { chooseOutputEarly } from './earlyOutput.js';
import { fail, watchOutput } from './fail.js';
import { createProgram } from './program.js';

// V8 lets its nursery grow while there is garbage to put there; a small one keeps the memory of a long run flat.
setFlagsFromString('--semi-space-growth-factor=1');

watchOutput();
chooseOutputEarly(process.argv);
try {
  const program = createProgram();
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync(withHyphens(process.argv));
} catch (error) {
  fail(error);
}

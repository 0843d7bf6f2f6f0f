// One runtime in a process of its own: `node child.mjs <runtime>`, started by run.mjs, which asks over IPC.
import { now } from './clock.mjs';
import { inputsOf } from './values.mjs';
import { WORKS } from './works.mjs';

const { open } = await import(`./runtimes/${process.argv[2]}.mjs`);
let opened;
let forms = [];
let work;

const ANSWERS = {
  /** @returns the adapter's name */
  async open({ adapter }) {
    opened = await open(adapter);
    return opened.adapter;
  },

  /** Puts a work's inputs on the adapter and runs it once. @returns each form's name, result, and known flaw */
  async prepare({ index }) {
    work = WORKS[index];
    forms = await opened.forms(work, inputsOf(work));
    const results = [];
    for (const form of forms) {
      await form.run();
      await form.wait();
      results.push({ form: form.name, flaw: form.flaw, values: await form.read() });
    }
    return results;
  },

  /** @returns seconds of one run */
  async measure({ form, onProcessor }) {
    const { run, wait } = forms[form];
    const start = now(onProcessor);
    for (let count = 0; count < work.runs; count++) await run();
    await wait();
    return (now(onProcessor) - start) / work.runs;
  },

  async release() {
    for (const form of forms) await form.dispose();
    forms = [];
  },
};

process.on('message', async ({ id, question, ...details }) => {
  try {
    process.send({ id, answer: await ANSWERS[question](details) });
  } catch (error) {
    process.send({ id, error: error.stack ?? String(error) });
  }
});
process.on('disconnect', () => process.exit());

import type { Device } from '../../tensor/device.js';
import { checkMatrixForm } from './checkMatrixForm.js';
import type { Form } from './form.js';
import { type Trial, TrialInputs } from './trial.js';

/**
 * A device for trials alone: the run's own has neither their memory in its books nor the errors of a form that fails. After
 * such an error the next run opens another one.
 */
export class TrialBench {
  #device: Device | undefined;
  #problem: { readonly trial: Trial; readonly inputs: TrialInputs; readonly launch: () => void } | undefined;

  /** @param open opens a device on the adapter that is measured, with no form forced */
  constructor(private readonly open: () => Promise<Device>) {}

  /**
   * Launches a trial's problem so many times and waits for the last.
   * @param key of the trial's class
   * @throws what the device makes of a form that does not compile or run
   */
  async run(key: string, trial: Trial, form: Form, launches: number): Promise<void> {
    this.#device ??= await this.open();
    const device = this.#device;
    try {
      if (form === 'matrix' || form === 'half') await checkMatrixForm(device);
      if (this.#problem?.trial !== trial) {
        this.#problem?.inputs.free();
        const inputs = new TrialInputs(device);
        this.#problem = { trial, inputs, launch: trial.prepare(inputs) };
        await device.synchronize();
      }
      device.forms.chosen.set(key, form);
      const { launch } = this.#problem;
      for (let time = 0; time < launches; time++) device.scope(() => void launch()); // nothing that it made is kept
      await device.synchronize();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#device?.close();
    this.#device = undefined;
    this.#problem = undefined;
  }
}

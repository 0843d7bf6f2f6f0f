import { InterpreterDevice } from '../../interpreter/interpreterDevice.js';
import type { InterpreterOptions } from '../../interpreter/interpreterOptions.js';
import type { Form } from '../../tensor/formTable.js';
import { availableMemory } from '../availableMemory.js';
import { kernelFile, kernelText } from '../kernelTexts.js';
import { compileForDebuggers } from './compileForDebuggers.js';

/** A device that runs kernels from their files, which debuggers stop in. */
export function openInterpreter(
  options: InterpreterOptions,
  forced?: Form,
  maxBindingBytes?: number,
): InterpreterDevice {
  const device = new InterpreterDevice(kernelText, {
    ...options,
    maxBindingBytes,
    fileOf: kernelFile,
    compile: compileForDebuggers,
    availableBytes: availableMemory,
  });
  device.forms.forced = forced;
  return device;
}

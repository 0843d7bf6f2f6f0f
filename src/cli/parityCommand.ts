import { type Command, Option } from 'commander';
import { checkMatrixForm } from '../kernels/forms/checkMatrixForm.js';
import { KEY_TYPES, type KeyType } from '../kernels/rows/keyType.js';
import { openDevice } from '../node/openDevice.js';
import { formatCase } from '../parity/formatCase.js';
import { type CaseReport, runCase } from '../parity/runCase.js';
import { FLOAT_TYPES, type FloatType } from '../tensor/tensor.js';
import { fail } from './fail.js';
import { kernelsOption } from './measureKernels.js';
import { ADAPTER_HELP, decimal } from './options.js';
import { print } from './output.js';

export function addParityCommand(program: Command): void {
  program
    .command('parity')
    .description('compare this program with recorded outputs of another implementation')
    .argument('<case...>', 'folders with case.json, inputs.safetensors, outputs.safetensors (see docs/PARITY.md)')
    .option(
      '--tolerance <x>',
      'largest absolute error (default: 1e-4, on reference 1e-5)',
      decimal('of 0 or more', (value) => value >= 0),
    )
    .addOption(new Option('--dtype <type>', 'how weights are held').choices(FLOAT_TYPES).default('f32'))
    .addOption(new Option('--kv-dtype <type>', 'how keys and values are held').choices(KEY_TYPES).default('f32'))
    .option('--adapter <name>', ADAPTER_HELP)
    .addOption(kernelsOption('auto for what is expected to be the fastest'))
    .option('--json', 'print one JSON array on standard output')
    .option('--json-lines', 'print a JSON object a line, each as soon as its case is done')
    .action(runParity);
}

async function runParity(
  folders: string[],
  flags: {
    tolerance?: number;
    dtype: FloatType;
    kvDtype: KeyType;
    adapter?: string;
    kernels?: string;
    json?: boolean;
    jsonLines?: boolean;
  },
): Promise<void> {
  const device = await openDevice({ adapter: flags.adapter, kernels: flags.kernels });
  await checkMatrixForm(device); // without which `--kernels matrix` fits nothing
  const types = { weights: flags.dtype, keys: flags.kvDtype };
  const reports: CaseReport[] = [];
  try {
    for (const folder of folders) {
      try {
        const report = await runCase(folder, device, flags.tolerance, types);
        reports.push(report);
        if (flags.jsonLines) print(`${JSON.stringify(report)}\n`);
        else if (!flags.json) print(formatCase(report));
        if (!report.passed) process.exitCode = 1;
      } catch (error) {
        fail(error); // one folder that is no case does not hide what the others show
      }
    }
  } finally {
    device.close();
  }
  if (flags.jsonLines) return;
  if (flags.json) print(`${JSON.stringify(reports)}\n`);
  else {
    const passed = reports.filter((report) => report.passed).length;
    print(`${passed} of ${folders.length} cases within tolerance on ${device.name}\n`);
  }
}

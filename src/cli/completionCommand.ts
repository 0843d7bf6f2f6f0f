import { ShellCompDirective, script } from '@bomb.sh/tab';
import { Argument, type Command } from 'commander';
import { candidates } from './candidates.js';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
type Shell = (typeof SHELLS)[number];

/** `tokentrim completion <shell>`, and the hidden `tokentrim complete` that the printed script asks. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script with which a shell completes the commands, options and values of this program')
    .addArgument(new Argument('<shell>', 'such as `source <(tokentrim completion bash)` in ~/.bashrc').choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell));
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) => {
      const { values, files } = candidates(program, words);
      const lines = values.map(([value, description]) => `${value}\t${description}\n`).join('');
      const { ShellCompDirectiveDefault, ShellCompDirectiveNoFileComp } = ShellCompDirective;
      process.stdout.write(`${lines}:${files ? ShellCompDirectiveDefault : ShellCompDirectiveNoFileComp}\n`);
    });
}

function completionScript(shell: Shell): string {
  const text = printed(() => script(shell, 'tokentrim', 'tokentrim'));
  return shell === 'bash' ? BASH_CHANGES.reduce(changed, text) : text;
}

/** What a function of the library prints. */
function printed(print: () => void): string {
  const { log } = console;
  let text = '';
  console.log = (line: string) => {
    text += `${line}\n`;
  };
  try {
    print();
  } finally {
    console.log = log;
  }
  return text;
}

/**
 * What the library's script for bash lacks: it needs the package bash-completion, breaks `--option=value` and quotes,
 * completes no files, and complains where it is read twice.
 */
const BASH_CHANGES = [
  [/^readonly /gm, ''],
  [
    /local cur prev words cword\n *_get_comp_words_by_ref .*\n/,
    `local cur="\${COMP_WORDS[COMP_CWORD]}" words=("\${COMP_WORDS[@]:0:COMP_CWORD+1}")\n    [[ $cur == = ]] && cur=\n`,
  ],
  [`\${words[@]:1}`, `$(printf '%q ' "\${words[@]:1}")`],
  ['complete -F ', 'complete -o default -F '],
] as const;

function changed(text: string, [from, to]: (typeof BASH_CHANGES)[number]): string {
  const result = text.replace(from, () => to);
  if (result === text) throw new Error(`the script for bash of @bomb.sh/tab has no ${from} any more`);
  return result;
}

import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { own } from '../../internal/own.ts'
import { printJson } from '../output.ts'

// Each script asks `pipewright complete` with the words so far, the last one being completed, and takes a candidate
// from each line: `value<TAB>description`. A line `:files` asks for files too.
const scripts: Readonly<Record<string, string>> = {
  bash: `# pipewright: eval "$(pipewright completion bash)" in ~/.bashrc
_pipewright() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}" line files=
  local -a candidates=()
  while read -r line; do
    if [ "$line" = :files ]; then files=1; else candidates+=("\${line%%$'\\t'*}"); fi
  done < <(pipewright complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=($(compgen -W "\${candidates[*]}" -- "$current"))
  [ -z "$files" ] || COMPREPLY+=($(compgen -f -- "$current"))
}
complete -o filenames -F _pipewright pipewright
`,
  zsh: `#compdef pipewright
# pipewright: eval "$(pipewright completion zsh)" in ~/.zshrc, after compinit
_pipewright() {
  local -a candidates
  local line files=0 found=1
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; continue; fi
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(pipewright complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe -V pipewright candidates && found=0
  (( files )) && _files && found=0
  return found
}
compdef _pipewright pipewright
`,
  fish: `# pipewright: pipewright completion fish | source in ~/.config/fish/config.fish
function __pipewright_complete
  for line in (pipewright complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
    if test "$line" = :files
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c pipewright -f -k -a '(__pipewright_complete)'
`,
}

/** `pipewright completion`. */
export function completionCommand(shell: string, { json = false }: { readonly json?: boolean }): void {
  const script = own(scripts, shell)
  if (script === undefined) {
    throw new PipewrightError('USAGE_INVALID', `there is no completion for ${shell}`, {
      fix: didYouMean(shell, Object.keys(scripts)),
    })
  }
  if (json) return printJson({ shell, script })
  process.stdout.write(script)
}

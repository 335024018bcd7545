import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { own } from '../../internal/own.ts'

// Each script asks `pipewright complete` with the words so far, the last one being completed, and takes a candidate
// from each line: `value<TAB>description`. No candidate means files.
const scripts: Readonly<Record<string, string>> = {
  bash: `# pipewright: eval "$(pipewright completion bash)" in ~/.bashrc
_pipewright() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}"
  local candidates
  candidates=$(pipewright complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _pipewright pipewright
`,
  zsh: `#compdef pipewright
# pipewright: eval "$(pipewright completion zsh)" in ~/.zshrc, after compinit
_pipewright() {
  local -a candidates
  local line
  while IFS= read -r line; do
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(pipewright complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then _describe pipewright candidates || _files; else _files; fi
}
compdef _pipewright pipewright
`,
  fish: `# pipewright: pipewright completion fish | source in ~/.config/fish/config.fish
complete -c pipewright -a '(pipewright complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
}

/** `pipewright completion`. */
export function completionCommand(shell: string): void {
  const script = own(scripts, shell)
  if (script === undefined) {
    throw new PipewrightError('CONFIG_INVALID', `there is no completion for ${shell}`, {
      fix: didYouMean(shell, Object.keys(scripts)),
    })
  }
  process.stdout.write(script)
}

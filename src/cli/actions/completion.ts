import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { own } from '../../internal/own.ts'
import { printJson } from '../output.ts'

// Each script asks `pipewright complete` with the words so far, the last one being completed, and takes a candidate
// from each line: `value<TAB>description`, the value being the whole word. A line `:files` asks for files too, which
// stand behind the last `=` (or `=@`) of the word.
const scripts: Readonly<Record<string, string>> = {
  bash: `# pipewright: eval "$(pipewright completion bash)" in ~/.bashrc
_pipewright() {
  local current="\${COMP_WORDS[COMP_CWORD]}" line files= word head= glue=
  local -a words=()
  # Bash takes words apart at = and @.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ $word == [=@]* && \${#words[@]} -gt 0 ]]; then words[\${#words[@]}-1]+=$word; glue=1
    elif [ -n "$glue" ]; then words[\${#words[@]}-1]+=$word; glue=
    else words+=("$word"); fi
  done
  # What is put in stands in the place of the last part alone.
  [[ $current == [=@]* ]] && current=
  word="\${words[\${#words[@]}-1]}"
  head="\${word%"$current"}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = :files ]; then files=1; continue; fi
    line="\${line%%$'\\t'*}"
    [[ $line == *= ]] && compopt -o nospace
    line="\${line#"\${head//\\\\/}"}"
    COMPREPLY+=("$(printf %q "$line")")
  done < <(pipewright complete -- "\${words[@]//\\\\/}" 2>/dev/null)
  [ -n "$files" ] || return 0
  compopt -o filenames
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
}
complete -F _pipewright pipewright
`,
  zsh: `#compdef pipewright
# pipewright: eval "$(pipewright completion zsh)" in ~/.zshrc
_pipewright() {
  local -a candidates open
  local line value files=0 found=1
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; continue; fi
    value="\${\${line%%$'\\t'*}//:/\\\\:}"
    [[ -n \${line#*$'\\t'} ]] && value+=":\${line#*$'\\t'}"
    if [[ \${line%%$'\\t'*} == *= ]]; then open+=("$value"); else candidates+=("$value"); fi
  done < <(pipewright complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe -V pipewright candidates && found=0
  # A value comes behind these.
  (( \${#open} )) && _describe -V input open -S '' && found=0
  if (( files )); then
    compset -P '*=(@|)'
    _files && found=0
  fi
  return found
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
# In a file of $fpath it is called at once.
if [[ \${funcstack[1]} == _pipewright ]]; then _pipewright "$@"; else compdef _pipewright pipewright; fi
`,
  fish: `# pipewright: pipewright completion fish | source in ~/.config/fish/config.fish
function __pipewright_complete
  set -l word (commandline -ct)
  for line in (pipewright complete -- (commandline -opc)[2..-1] $word 2>/dev/null)
    if test "$line" = :files
      set -l head (string match -r -- '^.*=@?' $word)
      set -l tail (string replace -r -- '^.*=@?' '' $word)
      for path in (complete -C "'' $tail")
        echo "$head$path"
      end
    else
      echo $line
    end
  end
end
complete -c pipewright -e
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

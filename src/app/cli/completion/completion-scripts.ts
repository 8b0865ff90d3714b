/**
 * Scripts of `sdxl-refine completion`: a function for each shell that asks the program at every Tab. They never evaluate words
 * of the command line, and let the shell quote values: names of schedulers have spaces.
 */

/** bash also splits words at `=` and `:`, so the script passes the whole line and receives the text after the last split. */
const bash = `# bash completion of sdxl-refine:  source <(sdxl-refine completion bash)
_sdxl_refine() {
  local place value
  COMPREPLY=()
  {
    IFS= read -r place
    while IFS= read -r value; do COMPREPLY+=("\${value%%$'\\t'*}"); done
    if [[ $place == files ]]; then
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$2")
    elif [[ $place == folders ]]; then
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$2")
    fi
  } < <(command "$1" __complete line "$2" "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -o filenames -F _sdxl_refine sdxl-refine
`;

const zsh = `#compdef sdxl-refine
# zsh completion of sdxl-refine:  source <(sdxl-refine completion zsh), after compinit; or as _sdxl-refine in a folder of $fpath
_sdxl_refine() {
  local place line
  local -a values shown
  {
    IFS= read -r place
    while IFS= read -r line; do
      values+=("\${line%%$'\\t'*}")
      [[ $line == *$'\\t'?* ]] && shown+=("\${line%%$'\\t'*}  -- \${line#*$'\\t'}") || shown+=("\${line%%$'\\t'*}")
    done
  } < <(command sdxl-refine __complete words "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)
  (( \${#values} )) && compadd -l -d shown -a values
  [[ $place == none ]] && return
  compset -P '--*='
  if [[ $place == files ]]; then _files; else _files -/; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _sdxl_refine "$@"; else compdef _sdxl_refine sdxl-refine; fi
`;

const fish = `# fish completion of sdxl-refine:  sdxl-refine completion fish > ~/.config/fish/completions/sdxl-refine.fish
function __sdxl_refine_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines (command sdxl-refine __complete words $words "$current" 2>/dev/null)
    set -l place $lines[1]
    set -e lines[1]
    printf '%s\\n' $lines
    switch "$place"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current" ''
    end
end
complete -c sdxl-refine -f -a '(__sdxl_refine_complete)'
`;

export const COMPLETION_SCRIPTS = { bash, zsh, fish } as const;

"""The scripts that have a shell ask `tutelage` at the Tab key.

click has such scripts, too. These keep `name:=value` one word, which bash splits, put no space after `name:=` and
after a folder, and are quiet when something is wrong. All ask as click's script for fish does; the answer has a line
for each word, `type,word`, with a tab before its description.
"""

from __future__ import annotations

BASH = r"""# for bash 4.4 or newer
_tutelage_completion() {
    local line="${COMP_LINE:0:COMP_POINT}" type value word cut=""
    word="${line##*[[:space:]]}"
    [[ $COMP_WORDBREAKS == *[:=]* ]] && cut="${word%"${word##*[:=]}"}"
    COMPREPLY=()
    while IFS=, read -r type value; do
        value="${value%%$'\t'*}"
        case "$type" in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            plain)
                [[ $value == *:= || $value == */ ]] && compopt -o nospace
                COMPREPLY+=("${value#"$cut"}") ;;
        esac
    done < <(COMP_WORDS="$line" COMP_CWORD="$word" _TUTELAGE_COMPLETE=fish_complete "$1" 2>/dev/null)
}
complete -o nosort -F _tutelage_completion tutelage
"""

ZSH = r"""#compdef tutelage
_tutelage_completion() {
    local answer value
    local -a open whole
    for answer in "${(@f)$(COMP_WORDS="${words[1,CURRENT]}" COMP_CWORD="${words[CURRENT]}" \
            _TUTELAGE_COMPLETE=fish_complete "${words[1]}" 2>/dev/null)}"; do
        value="${${answer#*,}%%$'\t'*}"
        case "$answer" in
            file,*) _files ;;
            dir,*) _files -/ ;;
            plain,*:=|plain,*:=$'\t'*|plain,*/) open+=("$value") ;;
            plain,*) whole+=("$value") ;;
        esac
    done
    (( $#open )) && compadd -V open -S '' -a open
    (( $#whole )) && compadd -V whole -a whole
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _tutelage_completion "$@"
else
    compdef _tutelage_completion tutelage
fi
"""

FISH = r"""function _tutelage_completion
    set -l word (commandline -ct)
    set -l command (commandline -opc)[1]
    set -l asked COMP_WORDS=(commandline -cp) COMP_CWORD="$word" _TUTELAGE_COMPLETE=fish_complete
    for answer in (env $asked $command 2>/dev/null)
        set -l parts (string split -m 1 , -- $answer)
        switch $parts[1]
            case file
                __fish_complete_path $word
            case dir
                __fish_complete_directories $word
            case plain
                echo $parts[2]
        end
    end
end
complete --no-files --command tutelage --arguments "(_tutelage_completion)"
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}

HOW = {
    "bash": 'eval "$(tutelage completion bash)"  # in ~/.bashrc',
    "zsh": 'eval "$(tutelage completion zsh)"  # in ~/.zshrc, after compinit',
    "fish": "tutelage completion fish | source  # in ~/.config/fish/config.fish",
}
"""How each is switched on."""

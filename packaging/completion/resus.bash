# bash completion for resus; checked against the table of verbs by tests/unit/cli/test_arguments.c.
# Install as /usr/share/bash-completion/completions/resus.

# Ids of the configured services, when the daemon answers.
_resus_services()
{
    resus services --json 2>/dev/null | grep -o '"id": *"[^"]*"' | sed 's/.*"\([^"]*\)"$/\1/'
}

_resus()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local verb= word words= service= i
    COMPREPLY=()
    case $previous in
    --config | --token-file | --ca-file | --output | -o) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --confirm) COMPREPLY=($(compgen -W STOP -- "$current")); return ;;
    --role) COMPREPLY=($(compgen -W "viewer operator admin" -- "$current")); return ;;
    --password-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --level) COMPREPLY=($(compgen -W "error warning info" -- "$current")); return ;;
    --for) COMPREPLY=($(compgen -W "30m 2h 1d" -- "$current")); return ;;
    --reason | --message | --user | --operation | --since | --until | --port | --lines | -n | --url | --pin | --services | --expires) return ;;
    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --config | --url | --token-file | --ca-file | --pin) ((i++)) ;;
        -*) ;;
        *) verb=$word; break ;;
        esac
    done
    case $verb in
    status) words="" service=y ;;
    health) words="" service=y ;;
    services) words="" ;;
    check) words="" service=y ;;
    refresh) words="" service=y ;;
    start) words="--reason --force" service=y ;;
    stop) words="--confirm --force --reason --emergency --message" service=y ;;
    restart) words="--reason --force" service=y ;;
    reload) words="--reason" service=y ;;
    preflight) words="start restart stop" service=y ;;
    logs) words="--lines --since --level --follow" service=y ;;
    events) words="--lines --follow" service=y ;;
    recovery) words="status history enable disable reset explain set --reason" service=y ;;
    pause) words="--for --reason" service=y ;;
    resume) words="--reason" service=y ;;
    doctor) words="" service=y ;;
    diagnose) words="" service=y ;;
    bundle) words="--output" service=y ;;
    slo) words="" service=y ;;
    inspect) words="info slowlog clients bigkeys commandstats" service=y ;;
    audit) words="list report verify summary key --from --key --since --until --user --operation --failed --lines" ;;
    user) words="add list role disable enable password totp --role --password-file" ;;
    token) words="create list revoke --role --services --expires" ;;
    access) words="list approve reject request --role --for --reason" ;;
    replay) words="" ;;
    sudoers) words="--user" service=y ;;
    key) words="check" service=y ;;
    serve) words="--check" ;;
    demo) words="--port --dir" ;;
    help) words="status health services check refresh start stop restart reload preflight logs events recovery pause resume doctor diagnose bundle slo inspect audit user token access replay sudoers key serve demo" ;;
    *) words="status health services check refresh start stop restart reload preflight logs events recovery pause resume doctor diagnose bundle slo inspect audit user token access replay sudoers key serve demo help --version" ;;
    esac
    words="$words --json --config --url --token-file --ca-file --pin --help"
    if [[ -n $service && $current != -* ]]; then
        words="$words $(_resus_services)"
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [[ $verb == replay && $current != -* ]]; then
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -F _resus resus

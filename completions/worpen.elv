
set edit:completion:arg-completer[worpen] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) WORPEN_COMPLETE="elvish" worpen -- $@words) | to-lines
}


complete --keep-order --exclusive --command worpen --arguments "(WORPEN_COMPLETE=fish worpen -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"

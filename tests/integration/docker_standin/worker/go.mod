module polyglot/worker

go 1.24

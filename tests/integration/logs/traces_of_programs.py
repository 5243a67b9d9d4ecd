"""What programs print when they fail, as the runtimes print it: JVM, Go, CPython."""

from __future__ import annotations

from typing import Final

JAVA_EXCEPTION: Final = """\
Exception in thread "main" java.lang.IllegalStateException: no database
\tat shop.users.Database.open(Database.java:41)
\tat shop.users.UsersServer.main(UsersServer.java:63)
Caused by: java.sql.SQLException: connection refused
\tat org.postgresql.Driver.connect(Driver.java:299)
\tat java.sql/java.sql.DriverManager.getConnection(DriverManager.java:683)
\t... 12 more
\tSuppressed: java.io.IOException: closed
\t\tat shop.users.Database.close(Database.java:77)
Caused by: java.net.ConnectException
\t... 14 more
"""
GO_PANIC: Final = """\
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x47b2c1]

goroutine 1 [running]:
main.(*server).handle(0x0, {0x4c1f28, 0xc000012345})
\t/src/orders/server.go:21 +0x1d
main.main()
\t/src/orders/main.go:12 +0x25

goroutine 18 [select, 2 minutes]:
net/http.(*persistConn).readLoop(0xc0001a2000)
\t/usr/local/go/src/net/http/transport.go:2205 +0x1a5
created by net/http.(*Transport).dialConn in goroutine 5
\t/usr/local/go/src/net/http/transport.go:1765 +0x16f
"""
PYTHON_TRACEBACK: Final = """\
Traceback (most recent call last):
  File "/app/recommendations/store.py", line 12, in load
    return table[key]
           ~~~~~^^^^^
KeyError: 'shoes'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/recommendations/__main__.py", line 8, in <module>
    main()
  File "/app/recommendations/__main__.py", line 5, in main
    raise recommendations.errors.CatalogueError("empty") from None
recommendations.errors.CatalogueError: empty
"""

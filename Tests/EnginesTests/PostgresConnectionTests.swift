import Domain
import Engines
import Testing

@Suite("A database URL")
struct PostgresConnectionTests {
    @Test("is read as libpq reads it")
    func readable() throws {
        let cases: [(String, database: String?, [String: String])] = [
            ("postgresql://", nil, [:]),
            (
                "postgres://us%40er:p%3A%2F@db.example.com:6432/na%20me?sslmode=require&application_name=x", "na me",
                [
                    "PGUSER": "us@er", "PGHOST": "db.example.com", "PGPORT": "6432", "PGSSLMODE": "require",
                    "PGAPPNAME": "x",
                ]
            ),
            (
                "postgresql:///app?host=/run/postgresql&port=5433", "app",
                ["PGHOST": "/run/postgresql", "PGPORT": "5433"]
            ),
            ("postgresql://%2Frun%2Fpg/app", "app", ["PGHOST": "/run/pg"]),
            ("postgresql://[::1]:5433/x", "x", ["PGHOST": "::1", "PGPORT": "5433"]),
            ("postgresql://a:1,b:2/x", "x", ["PGHOST": "a,b", "PGPORT": "1,2"]),
            ("postgresql+asyncpg://u@h/x?ssl=true", "x", ["PGUSER": "u", "PGHOST": "h", "PGSSLMODE": "require"]),
            ("postgresql://h/dbname%3Dx%20host%3Devil", "dbname=x host=evil", ["PGHOST": "h"]),
            ("postgresql://h/x?client_encoding=utf8", "x", ["PGHOST": "h"]),
            (#"host=h dbname='a\'b c' user = u\ v"#, "a'b c", ["PGHOST": "h", "PGUSER": "u v"]),
        ]
        for (text, database, environment) in cases {
            let connection = try PostgresConnection(parsing: text)
            #expect(connection.database == database, "\(text)")
            #expect(connection.environment == environment, "\(text)")
        }
    }

    @Test(
        "with a mistake is refused, naming what is wrong and not the password",
        arguments: [
            ("mysql://u:CANARY@h/x", "postgresql://"), ("postgresql://u:CANARY@h/x?sslmod=require", "none of libpq's"),
            ("postgresql://u:CANARY@h:port/x", "port"), ("postgresql://u:CANARY%@h/x", "password"),
            ("postgresql://u:CANARY@h/x?sslmode", "no value"), ("CANARY", "key=value"), ("host='CANARY", "quote"),
            ("postgresql://u:CANARY%0A@h/x", "line break"), ("postgresql://u:CANARY@h/x?dbname=%00", "NUL"),
            ("password=CANARY keepalives=1", "\"keepalives\""), ("host=h password=a CANARY dbname=x", "single quotes"),
            ("postgresql://u:12?CANARY@h/db", "%3F"), ("postgresql://u:12?CANARY=1@h/db", "none of libpq's"),
        ])
    func mistakes(text: String, named: String) {
        let error = #expect(throws: BackupError.self) { try PostgresConnection(parsing: text) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(named) == true)
        #expect(error?.message.contains("CANARY") == false)
    }
}

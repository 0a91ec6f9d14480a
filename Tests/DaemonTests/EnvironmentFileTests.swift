import Daemon
import Testing

/// As systemd reads it: `systemd-run --property=EnvironmentFile=FILE env` says the same of each.
@Suite struct EnvironmentFileTests {
    @Test(arguments: [
        ("A=b\nC=d", ["A": "b", "C": "d"]),
        ("# A=b\n ; C=d\nE=f # stays\n", ["E": "f # stays"]),
        ("A=\"b c\"  \nB='x\\y\"z'\nC=\"a\\\"b\\\\c\\$d\\n\"\n", ["A": "b c", "B": #"x\y"z"#, "C": #"a"b\c$d\n"#]),
        ("A= b  c \t\nB=\n", ["A": "b  c", "B": ""]),
        ("A=one\\\ntwo\nB=\"one\ntwo\"\n", ["A": "onetwo", "B": "one\ntwo"]),
        ("no assignment\nA=b=c\n1A=x\nexport B=d\nA=last\r\n", ["A": "last"]),
        ("A='b'c\"d\"\nB=a\\ b\\\n", ["A": #"bc"d""#, "B": "a b"]),
        ("A=b\nB=\"never ends\n", ["A": "b", "B": "never ends\n"]),
        (
            "DATABASE_URL=postgres://u:p%40ss@h/d?sslmode=require",
            ["DATABASE_URL": "postgres://u:p%40ss@h/d?sslmode=require"]
        ),
    ])
    func aFileOfVariablesIsReadAsSystemdReadsIt(text: String, variables: [String: String]) {
        #expect(EnvironmentFile(text).variables == variables, "\(text)")
    }
}

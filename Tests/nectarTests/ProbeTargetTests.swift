import Testing

@testable import nectar

@Suite("What a health check asks")
struct ProbeTargetTests {
    @Test(
        "a URL says scheme, host, port and path, with the defaults of its scheme",
        arguments: [
            ("http://a", false, "a", 80, "/readyz"), ("https://a.example/", true, "a.example", 443, "/readyz"),
            ("HTTPS://127.0.0.1:8443/readyz", true, "127.0.0.1", 8443, "/readyz"),
            ("http://[::1]:8080/livez?x=%20y", false, "::1", 8080, "/livez?x=%20y"),
        ])
    func urls(url: String, isSecure: Bool, host: String, port: Int, path: String) {
        #expect(ProbeTarget(url: url) == ProbeTarget(isSecure: isSecure, host: host, port: port, path: path))
    }

    @Test(
        "what is no URL to ask is refused",
        arguments: ["", "a", "a:80", "ftp://a", "http://", "http:///x", "http://u:p@a", "http://a/#f", "http://a:b"])
    func refused(url: String) {
        #expect(ProbeTarget(url: url) == nil)
    }

    @Test("nothing in a URL can end a line of the request")
    func lines() {
        let target = ProbeTarget(url: "http://a/x\r\nHost: b")
        #expect(target?.path.contains(where: \.isWhitespace) != true)
    }

    @Test("the address of an interface stands in brackets where a host and a port are named")
    func authority() {
        let target = ProbeTarget(isSecure: true, host: "::1", port: 1, path: "/x")
        #expect(target.authority == "[::1]:1")
        #expect("\(target)" == "https://[::1]:1/x")
    }
}

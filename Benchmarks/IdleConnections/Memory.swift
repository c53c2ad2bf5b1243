import CLinux
import Glibc

/// What the process holds at a moment.
struct Memory {
    /// Octets in use on the heap, as glibc's allocator counts them.
    var heap: Int
    /// Those of them that OpenSSL has asked for.
    var openSSL: Int
    /// Octets of the process in physical memory.
    var resident: Int

    static func now() -> Memory {
        Memory(
            heap: Int(mallinfo2().uordblks) + Int(mallinfo2().hblkhd), openSSL: OpenSSLMemory.octets,
            resident: residentOctets())
    }

    private static func residentOctets() -> Int {
        let file = unsafe fopen("/proc/self/statm", "r")
        defer { unsafe _ = fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        unsafe _ = fgets(&line, Int32(line.count), file)
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (Int(text.split(separator: " ")[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}

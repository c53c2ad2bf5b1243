import Glibc
import HTTP

/// The value of `Date`, made anew once a second.
struct DateField {
    private var second: Int64 = -1
    private var text: [UInt8] = []

    /// The present moment as an IMF-fixdate. The coarse clock costs no system call.
    mutating func now() -> [UInt8] {
        var time = timespec()
        unsafe _ = clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return at(second: Int64(time.tv_sec))
    }

    /// The given second since 1970 as an IMF-fixdate.
    mutating func at(second: Int64) -> [UInt8] {
        if second != self.second {
            self.second = second
            text = HTTPDate.format(secondsSince1970: second)
        }
        return text
    }
}

package shop.users;

import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import shop.users.v1.CreateUserRequest;

/** Which requests are well-formed. */
final class UserInput {
    /** An SMTP path's 256 octets less its two brackets: RFC 5321, 4.5.3.1.3, and its erratum 1690. */
    static final int EMAIL_LIMIT = 254;
    static final int DISPLAY_NAME_LIMIT = 100;

    /** Only a message that arrives proves an address; this refuses what can't be one. */
    private static final Pattern EMAIL = Pattern.compile("[^\\s\\p{Cntrl}@]+@[^\\s\\p{Cntrl}@.]+(\\.[^\\s\\p{Cntrl}@.]+)+");
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private UserInput() {}

    /** @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT, naming every field that is wrong */
    static void check(CreateUserRequest request) {
        List<String> problems = new ArrayList<>();
        String email = request.getEmail();
        if (email.length() > EMAIL_LIMIT || !EMAIL.matcher(email).matches()) {
            problems.add("email must be an e-mail address of at most " + EMAIL_LIMIT + " characters");
        }
        String name = request.getDisplayName();
        if (name.isBlank() || name.length() > DISPLAY_NAME_LIMIT || CONTROL.matcher(name).find()) {
            problems.add("display_name must have 1 to " + DISPLAY_NAME_LIMIT + " characters, none of them a control character");
        }
        if (!problems.isEmpty()) {
            throw Status.INVALID_ARGUMENT.withDescription(String.join("; ", problems)).asRuntimeException();
        }
    }
}

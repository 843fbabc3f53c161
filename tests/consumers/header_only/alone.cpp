int main_of_header_only();

int main() { return main_of_header_only(); }
